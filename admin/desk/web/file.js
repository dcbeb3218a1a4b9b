// Files of a row: sent as soon as they are chosen, named in the row when it is saved.

import { upload } from "./api.js";
import { Fq, html, nothing } from "./base.js";

const size = (bytes) => (bytes > 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`);

// A file's name that opens it.
export const link = (file) => html`<a href=${file.url} target="_blank" rel="noopener">${file.name}</a> <small>${size(file.size)}</small>`;

class FileInput extends Fq {
  static properties = { name: {}, value: { attribute: false }, several: { type: Boolean }, said: { state: true } };

  get now() {
    return this.several ? this.value || [] : this.value ? [this.value] : [];
  }

  give(files) {
    this.value = this.several ? files : files[0] || null;
    this.emit("given", this.value);
  }

  async chosen(event) {
    const files = [...event.target.files];
    event.target.value = "";
    for (const file of files) {
      this.said = `正在上传 ${file.name}…`;
      try {
        const id = await upload(file);
        const made = { id, name: file.name, size: file.size, url: `/files/${id}` };
        this.give(this.several ? [...this.now, made] : [made]);
        this.said = "";
      } catch (problem) {
        this.said = `${file.name}：${problem.message}`;
      }
    }
  }

  render() {
    const gone = (file) => this.give(this.now.filter((one) => one !== file));
    return html`<span class="files">
      ${this.now.map((file) => html`<span class="file">${link(file)}
        <button type="button" class="clear" aria-label="去掉 ${file.name}" @click=${() => gone(file)}>×</button></span>`)}
      <input id=${this.name} type="file" ?multiple=${this.several} @change=${this.chosen}>
      <span role="status">${this.said || nothing}</span></span>`;
  }
}

customElements.define("fq-file", FileInput);
