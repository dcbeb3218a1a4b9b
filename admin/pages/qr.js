// A QR code (ISO/IEC 18004) of a short text, drawn here: what it holds is a secret and goes to nobody else.
// Byte mode, error correction L, versions 1 to 10, which is up to 271 bytes.

// Of each version: bytes of data, bytes of correction a block, blocks; and where its alignment patterns stand.
const VERSIONS = [
  [19, 7, 1], [34, 10, 1], [55, 15, 1], [80, 20, 1], [108, 26, 1], [136, 18, 2], [156, 20, 2], [194, 24, 2], [232, 30, 2],
  [274, 18, 4],
];
const ALIGNED = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];
const MASKS = [
  (r, c) => (r + c) % 2,
  (r) => r % 2,
  (r, c) => c % 3,
  (r, c) => (r + c) % 3,
  (r, c) => ((r >> 1) + Math.floor(c / 3)) % 2,
  (r, c) => ((r * c) % 2) + ((r * c) % 3),
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2,
];
const QUIET = 4;

// The code as a square of booleans, true for dark. RangeError for a text that is too long.
export function modules(text) {
  const bytes = new TextEncoder().encode(text);
  const version = VERSIONS.findIndex(([data], i) => bytes.length + (i < 9 ? 2 : 3) <= data) + 1;
  if (!version) throw new RangeError("too long for a QR code");
  const words = interleaved(dataWords(bytes, version), version);
  const candidates = MASKS.map((_, mask) => drawn(words, version, mask));
  return candidates.reduce((best, one) => (unrest(one) < unrest(best) ? one : best));
}

// The same as a picture.
export function picture(text) {
  const square = modules(text);
  const size = square.length + 2 * QUIET;
  const dark = square.flatMap((row, r) => row.map((on, c) => (on ? `M${c + QUIET} ${r + QUIET}h1v1h-1z` : "")));
  const made = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const svg = made("svg", { viewBox: `0 0 ${size} ${size}`, class: "qr", role: "img", "aria-label": "二维码" });
  svg.append(made("rect", { width: size, height: size, fill: "#fff" }), made("path", { d: dark.join(""), fill: "#000" }));
  return svg;
}

// --- bytes -----------------------------------------------------------------------------------------------------------

function dataWords(bytes, version) {
  const [capacity] = VERSIONS[version - 1];
  const bits = [];
  const push = (value, length) => {
    for (let i = length - 1; i >= 0; i--) bits.push((value >> i) & 1);
  };
  push(4, 4); // byte mode
  push(bytes.length, version < 10 ? 8 : 16);
  bytes.forEach((byte) => push(byte, 8));
  push(0, Math.min(4, capacity * 8 - bits.length));
  push(0, (8 - (bits.length % 8)) % 8);
  const words = [];
  for (let i = 0; i < bits.length; i += 8) words.push(parseInt(bits.slice(i, i + 8).join(""), 2));
  for (let pad = 0xec; words.length < capacity; pad ^= 0xec ^ 0x11) words.push(pad);
  return words;
}

// The blocks of data and of their correction, a byte of each in turn. Later blocks may be one byte longer.
function interleaved(words, version) {
  const [capacity, correction, count] = VERSIONS[version - 1];
  const short = Math.floor(capacity / count);
  const longOnes = capacity % count;
  const blocks = [];
  for (let i = 0, at = 0; i < count; i++) {
    const length = short + (i >= count - longOnes ? 1 : 0);
    blocks.push(words.slice(at, (at += length)));
  }
  const inTurn = (lists, longest) =>
    Array.from({ length: longest }, (_, i) => lists.map((list) => list[i])).flat().filter((word) => word !== undefined);
  return [...inTurn(blocks, short + 1), ...inTurn(blocks.map((block) => remainder(block, correction)), correction)];
}

function times(a, b) {
  let product = 0;
  for (; b; b >>= 1) {
    if (b & 1) product ^= a;
    a = (a << 1) ^ (a & 0x80 ? 0x11d : 0);
  }
  return product;
}

// Reed-Solomon: the remainder of the block, as a polynomial, by (x - 1)(x - 2)(x - 4)…
function remainder(block, correction) {
  let divisor = [1];
  for (let i = 0, root = 1; i < correction; i++, root = times(root, 2)) {
    divisor = [...divisor, 0].map((value, j) => value ^ (j ? times(divisor[j - 1], root) : 0));
  }
  const rest = [...block, ...Array(correction).fill(0)];
  for (let i = 0; i < block.length; i++) {
    const factor = rest[i];
    divisor.forEach((value, j) => (rest[i + j] ^= times(value, factor)));
  }
  return rest.slice(block.length);
}

// --- the square ------------------------------------------------------------------------------------------------------

function drawn(words, version, mask) {
  const size = 17 + 4 * version;
  const square = Array.from({ length: size }, () => Array(size).fill(null));
  const set = (r, c, on) => {
    if (r >= 0 && c >= 0 && r < size && c < size) square[r][c] = Boolean(on);
  };
  const finder = (ring) => ring !== 2 && ring !== 4;
  for (const [row, column] of [[3, 3], [3, size - 4], [size - 4, 3]]) rings(set, row, column, 4, finder);
  for (const row of ALIGNED[version - 1]) {
    for (const column of ALIGNED[version - 1]) {
      const corner = (row === 6 && (column === 6 || column === size - 7)) || (row === size - 7 && column === 6);
      if (!corner) rings(set, row, column, 2, (ring) => ring !== 1);
    }
  }
  for (let i = 8; i < size - 8; i++) {
    if (square[6][i] === null) set(6, i, i % 2 === 0);
    if (square[i][6] === null) set(i, 6, i % 2 === 0);
  }
  formats(set, size, mask);
  if (version >= 7) versions(set, size, version);
  fill(square, size, words, MASKS[mask]);
  return square;
}

function rings(set, row, column, radius, dark) {
  for (let r = -radius; r <= radius; r++) {
    for (let c = -radius; c <= radius; c++) set(row + r, column + c, dark(Math.max(Math.abs(r), Math.abs(c))));
  }
}

// A number followed by its check bits, which are the remainder by `divisor`.
function checked(value, bits, divisor) {
  let rest = value;
  for (let i = 0; i < bits; i++) rest = (rest << 1) ^ ((rest >> (bits - 1)) * divisor);
  return (value << bits) | rest;
}

function formats(set, size, mask) {
  const bits = checked((1 << 3) | mask, 10, 0x537) ^ 0x5412; // 1: correction L
  const bit = (i) => (bits >> i) & 1;
  for (let i = 0; i < 15; i++) {
    if (i < 8) {
      set(i < 6 ? i : i + 1, 8, bit(i)); // past the line of ticks
      set(8, size - 1 - i, bit(i));
    } else {
      set(8, i === 8 ? 7 : 14 - i, bit(i));
      set(size - 15 + i, 8, bit(i));
    }
  }
  set(size - 8, 8, true);
}

function versions(set, size, version) {
  const bits = checked(version, 12, 0x1f25);
  for (let i = 0; i < 18; i++) {
    const far = size - 11 + (i % 3);
    const near = Math.floor(i / 3);
    set(far, near, (bits >> i) & 1);
    set(near, far, (bits >> i) & 1);
  }
}

// Two columns at a time, from the right, up and down in turn; what is left over is light before the mask.
function fill(square, size, words, mask) {
  let at = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    const upward = ((right + 1) & 2) === 0;
    for (let i = 0; i < size; i++) {
      for (const c of [right, right - 1]) {
        const r = upward ? size - 1 - i : i;
        if (square[r][c] !== null) continue;
        const bit = at < words.length * 8 ? (words[at >> 3] >> (7 - (at & 7))) & 1 : 0;
        square[r][c] = Boolean(bit) !== (mask(r, c) === 0);
        at++;
      }
    }
  }
}

// How hard a square is to read: long runs of one colour, and far from half dark.
function unrest(square) {
  const size = square.length;
  let found = 0;
  for (let i = 0; i < size; i++) {
    for (const line of [square[i], square.map((row) => row[i])]) {
      let run = 1;
      for (let j = 1; j <= size; j++) {
        if (line[j] === line[j - 1]) run++;
        else {
          if (run >= 5) found += run - 2;
          run = 1;
        }
      }
    }
  }
  const dark = square.flat().filter(Boolean).length / (size * size);
  return found + Math.floor(Math.abs(dark - 0.5) * 20) * 10;
}
