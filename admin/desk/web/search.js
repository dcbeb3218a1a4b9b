// One search for everything that somebody may see: by name, pinyin, initials, code or number.

import { ask } from "./api.js";
import { Fq, html } from "./base.js";
import { clean } from "./clean.js";
import { faces, me, named } from "./words.js";
import "./combobox.js";

class Search extends Fq {
  async find(text) {
    if (!text) return [];
    const [all, mine] = await Promise.all([faces(), me()]);
    const open = all.searched.filter((name) => mine.rights.some((right) => right.entity === name && right.operations.includes("READ") && !right.aggregatesOnly));
    const flags = Object.fromEntries(open.map((name) => [`i_${all.entities[name].plural}`, true]));
    const found = await ask(all.search, { search: clean(text), first: 5, ...flags });
    return open.flatMap((entity) =>
      (found[all.entities[entity].plural]?.nodes || []).map((row) => ({
        id: row.id,
        entity,
        label: `${all.entities[entity].label}：${named(all, entity, row, { whole: true })}`,
      })),
    );
  }

  go(event) {
    event.stopPropagation();
    const row = event.detail;
    if (row) location.href = `/admin/record/?${new URLSearchParams({ entity: row.entity, id: row.id })}`;
  }

  render() {
    return html`<div role="search"><fq-combobox name="everything" labelled="全部查找" placeholder="查找：名称、拼音、编号" .source=${(text) => this.find(text)}
      @given=${this.go}></fq-combobox></div>`;
  }
}

customElements.define("fq-search", Search);
