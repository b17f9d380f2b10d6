"use strict";
// window.SEARCH_INDEX: rows of [page, section, link, text], from search-index.js, which a page on
// disk may load although it may fetch nothing.
const rows = window.SEARCH_INDEX.map(([page, section, link, text]) => ({
  page, section, link, text, head: section.toLowerCase(), body: text.toLowerCase(),
}));
const field = document.getElementById("page-search");

// Every word must begin a word of the section; headlines count more than text. Of equals the first
// comes first: notebooks, then documents, then code.
function score(row, words) {
  let sum = 0;
  for (const word of words) {
    const begins = new RegExp(`(?<![\\p{L}\\p{N}])${word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`, "gu");
    const head = (row.head.match(begins) || []).length;
    const body = (row.body.match(begins) || []).length;
    if (!head && !body) return 0;
    sum += 10 * Math.min(head, 2) + Math.min(body, 5);
  }
  return sum;
}

function around(text, word) {
  const at = Math.max(text.toLowerCase().indexOf(word) - 60, 0);
  return (at ? "… " : "") + text.slice(at, at + 180) + (at + 180 < text.length ? " …" : "");
}

function show() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const list = document.getElementById("page-results");
  const found = words.length
    ? rows.map((row) => [score(row, words), row]).filter(([points]) => points > 0)
    : [];
  found.sort((a, b) => b[0] - a[0]);
  list.replaceChildren(...found.slice(0, 50).map(([, row]) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = row.link;
    link.textContent = row.section === row.page ? row.page : `${row.page}: ${row.section}`;
    const text = document.createElement("p");
    text.textContent = around(row.text, words[0]);
    item.append(link, text);
    return item;
  }));
  document.getElementById("page-found").textContent = !words.length
    ? "Type a word into the field above."
    : `${found.length} sections${found.length > 50 ? ", the best 50 of them" : ""}`;
}

field.value = new URLSearchParams(location.search).get("q") || "";
field.addEventListener("input", show);
show();
