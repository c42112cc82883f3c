"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const tools = byId("tools"), q = byId("q"), subject = byId("subject"), book = byId("book");
  const differences = byId("differences"), must = byId("must"), count = byId("count");
  const columns = document.head.appendChild(document.createElement("style"));
  const tables = all("table[data-cols]");
  tables.forEach((table, index) => { table.dataset.t = index; });
  tools.hidden = false;
  for (const command of all(".cmd")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy the command");
    command.after(" ", button);
  }

  // A row, the details that unfold below it, and the searchable text of both.
  const rows = all("main tr[id], main .val tbody tr, main .sub tbody tr").map((row) => {
    const next = row.nextElementSibling;
    const more = next && next.classList.contains("more") ? next : null;
    const own = row.closest(".sub") ? row : row.querySelector("th");
    return { row, more, table: row.closest("table"), text: (own.textContent + " " + (row.closest(".val") ? row.textContent : "") + (more ? more.textContent : "")).toLowerCase() };
  });
  const has = (list, one) => (list || "").split(" ").includes(one);

  // A single subject: hide the other columns, with one style sheet for all tables.
  const pick = (one) => {
    let rules = "";
    for (const table of tables) {
      const at = one === "" ? -1 : table.dataset.cols.split(" ").indexOf(one);
      const scroll = table.closest(".scroll");
      if (one !== "" && at < 0) scroll.dataset.off = "";
      else delete scroll.dataset.off;
      // One column has room for words.
      if (table.dataset.many === undefined) table.dataset.many = table.classList.contains("many") ? "1" : "";
      table.classList.toggle("many", table.dataset.many !== "" && one === "");
      if (at >= 0) {
        rules += `table[data-t="${table.dataset.t}"] tr:not(.more):not(.g)>:nth-child(n+2):not(:nth-child(${at + 2})){display:none}`;
      }
    }
    columns.textContent = rules;
    all("[data-s]").forEach((part) => { part.hidden = one !== "" && !has(part.dataset.s, one); });
  };

  const isAlike = (cell) => !cell || !/^(f|b|d|w|x)( u)?$/.test(cell.className);
  const apply = () => {
    const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const one = subject.value;
    const narrow = words.length > 0 || book.value !== "" || must.checked || differences.checked || one !== "";
    let shown = 0, total = 0;
    pick(one);
    // Subjects searched for by name: if there are few, their failures come first.
    const named = words.length === 0 ? [] : rows.filter((r) => r.table.classList.contains("sub") && words.every((word) => r.text.includes(word)));
    const few = one === "" && named.length > 0 && named.length <= 8 ? named.map((r) => r.row.dataset.s) : [];
    for (const { row, more, table, text } of rows) {
      const isSubject = table.classList.contains("sub"), isValue = table.classList.contains("val");
      let fits = words.every((word) => text.includes(word));
      if (isSubject) {
        // The subjects stay visible: only a search for one of them narrows the list.
        if (one !== "" && row.dataset.s !== one) fits = false;
        else if (named.length === 0) fits = true;
        row.hidden = !fits;
        continue;
      }
      if (!isValue) {
        if (book.value && !has(row.dataset.b, book.value)) fits = false;
        if (must.checked && row.dataset.m === undefined) fits = false;
      } else if (book.value || must.checked) fits = false;
      if (differences.checked && row.dataset.d === undefined) fits = false;
      if (one !== "" && !table.dataset.cols && !isValue && !all("[data-s]", row).some((part) => !part.hidden)) fits = false;
      if (one !== "" && !isValue && table.dataset.cols) {
        // For a single subject, show only what it has a result for.
        const at = table.dataset.cols.split(" ").indexOf(one);
        const cell = at < 0 ? undefined : row.cells[at + 1];
        if (!cell || cell.classList.contains("o") || (differences.checked && isAlike(cell))) fits = false;
      }
      row.hidden = !fits;
      if (more) more.hidden = !fits || (one !== "" && !all(".remark", more).some((part) => !part.hidden));
      if (!isValue) { total += 1; shown += fits ? 1 : 0; }
    }
    // Hide themes, tables and sections without a row as well.
    all("main tbody").forEach((body) => {
      if (body.querySelector(".g")) body.hidden = !all("tr:not(.g):not(.more)", body).some((row) => !row.hidden);
    });
    for (const part of all("main .scroll")) {
      const some = all("tbody tr:not(.g):not(.more)", part).some((row) => !row.hidden);
      part.hidden = part.dataset.off !== undefined || !some;
    }
    all("main .all, main .book").forEach((part) => {
      part.hidden = !all(".scroll", part).some((scroll) => !scroll.hidden);
      if (part.matches(".all")) {
        if (narrow && !part.hidden && !part.open) { part.open = true; part.dataset.opened = ""; }
        if (!narrow && part.dataset.opened !== undefined) { part.open = false; delete part.dataset.opened; }
      }
    });
    // Someone who picks a subject, or searches for it, wants to read about it first.
    const first = byId("differences-by-case"), each = byId("by-subject");
    const read = one !== "" ? [one] : few;
    if (read.length > 0) first.before(each);
    else if (each.nextElementSibling === first) byId("legend").before(each);
    for (const part of all(".subject")) {
      part.hidden = read.length > 0 && !read.includes(part.dataset.s);
      if (read.includes(part.dataset.s)) {
        if (!part.open) { part.open = true; part.dataset.opened = ""; }
      } else if (part.dataset.opened !== undefined) { part.open = false; delete part.dataset.opened; }
    }
    // A heading is shown only with what follows it.
    for (const heading of all("main section > h3")) {
      const part = heading.nextElementSibling;
      heading.hidden = part.matches(".scroll") && part.hidden;
    }
    for (const section of all("main section")) {
      const parts = all(".scroll, .subject", section);
      section.hidden = false;
      if (parts.length > 0) section.hidden = parts.every((part) => part.hidden || part.closest("[hidden]"));
    }
    const none = shown === 0 && named.length === 0 && words.length > 0 ? ": nothing has all of these words" : "";
    count.textContent = narrow ? `${shown} of ${total} rows${none}` : `${total} rows`;
  };

  // A link to what is folded or filtered away shows it all the same.
  const reveal = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && byId(id);
    if (!target) return;
    if (target.closest("[hidden]")) { tools.reset(); apply(); }
    for (let part = target; part; part = part.parentElement) if (part.matches("details")) part.open = true;
    const next = target.nextElementSibling;
    if (target.matches("tr") && next && next.matches(".more")) next.querySelector("details").open = true;
    target.scrollIntoView({ block: "start", behavior: "instant" });
  };

  const copy = async (button) => {
    const text = button.previousElementSibling.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text;
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = "Copied";
    count.textContent = "Copied: " + text;
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };

  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)"), theme = byId("theme");
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
  const store = (value) => { try { if (value) localStorage.setItem("waitspec-theme", value); return localStorage.getItem("waitspec-theme"); } catch { return null; } };
  const name = () => { theme.textContent = isDark() ? "Light" : "Dark"; theme.setAttribute("aria-label", theme.textContent + " colours"); };
  if (store()) root.dataset.theme = store();
  dark.addEventListener("change", name);
  name();

  // Far below its heading a result says whose it is.
  document.addEventListener("mouseover", (event) => {
    const cell = event.target.closest("table[data-cols] td:not([colspan])");
    if (!cell || cell.title) return;
    const head = cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
    if (head) cell.title = head.textContent.trim() + ": " + (cell.textContent.trim() || "no such trial");
  });

  let later;
  q.addEventListener("input", () => { clearTimeout(later); later = setTimeout(apply, 80); });
  [subject, book, differences, must].forEach((control) => control.addEventListener("change", apply));
  tools.addEventListener("reset", () => setTimeout(apply));
  tools.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button && button.matches(".copy")) return void copy(button);
    if (button === theme) { root.dataset.theme = store(isDark() ? "light" : "dark") || (isDark() ? "light" : "dark"); name(); return; }
    // A second click on a link to here is no change of the address.
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) return void setTimeout(reveal);
    const cell = event.target.closest("td");
    const more = cell && cell.parentElement.nextElementSibling;
    if (cell && !link && more && more.matches(".more") && !cell.parentElement.matches(".more")) {
      const details = more.querySelector("details");
      details.open = !details.open;
    }
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=checkbox]), select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) { event.preventDefault(); q.focus(); q.select(); }
    if (event.key === "Escape" && event.target === q) { q.value = ""; apply(); }
  });
  apply();
  reveal();
})();
