
"use strict";
{
  const box = document.getElementById("q"), found = document.getElementById("found");
  const all = document.getElementById("all"), count = document.getElementById("count");
  const flat = (text) => text.toLowerCase().replace(/\s+/g, " ").trim();
  const pages = Array.from(all.querySelectorAll("li[data-w]"), (item) => ({
    item,
    title: flat(item.firstChild.textContent),
    id: item.firstChild.getAttribute("href").slice(0, -5),
    codes: item.dataset.c.split("\n").map(flat).filter(Boolean),
    texts: item.dataset.m.split("\n").map(flat).filter(Boolean),
    rest: flat([item.textContent, item.dataset.w, item.dataset.c, item.dataset.m].join(" ")),
  }));
  // The literal parts of a server's text, one behind the other; * stands for anything between them.
  const holds = (said, text) => {
    let at = 0;
    for (const part of text.split("*")) {
      const next = said.indexOf(part.trim(), at);
      if (next < 0) return false;
      at = next + part.trim().length;
    }
    return true;
  };
  // A number within a longer number is another number.
  const alone = (said, code) => {
    const at = said.indexOf(code), end = said.slice(at + code.length, at + code.length + 2);
    return at >= 0 && !/[\d.]$/.test(said.slice(0, at)) && !/^(\d|\.\d)/.test(end);
  };
  // What a whole pasted message says weighs most, then a code in it, then that all words stand on the page's line.
  const weight = (page, said, words) => {
    const text = Math.max(0, ...page.texts.filter((text) => holds(said, text)).map((text) => text.length));
    if (text > 0) return 1000 + text;
    const code = Math.max(0, ...page.codes.filter((code) => alone(said, code)).map((code) => code.length));
    if (code > 0) return 500 + code;
    if (!words.every((word) => page.rest.includes(word))) return 0;
    return words.every((word) => page.title.includes(word)) ? 3 : words.every((word) => page.id.includes(word)) ? 2 : 1;
  };
  const search = () => {
    const said = flat(box.value), words = said.split(" ");
    all.hidden = said !== "";
    found.replaceChildren();
    count.textContent = "";
    if (said === "") return;
    const hits = pages.map((page) => [weight(page, said, words), page]).filter((hit) => hit[0] > 0);
    hits.sort((a, b) => b[0] - a[0]);
    for (const hit of hits.slice(0, 100)) found.append(hit[1].item.cloneNode(true));
    count.textContent = hits.length === 0 ? "Nothing here says this." : hits.length === 1 ? "1 cause" : hits.length + " causes";
  };
  box.closest("search").hidden = false;
  box.value = new URLSearchParams(location.search).get("q") || box.value;
  box.addEventListener("input", search);
  search();
}
