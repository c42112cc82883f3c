// What scripts/pages checks: `pages.mjs FOLDER CHROMIUM`. The folder holds many.html, two.html, one.html and
// committed.html.
import assert from "node:assert/strict";
import path from "node:path";
import { chromium } from "playwright-core";

const [folder, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});
const address = (name, hash = "") => "file://" + path.resolve(folder, name) + hash;
const CASE = "nohang.running-child";
const WRONG = "mutant:nohang-minus-one-eagain";

// How long a page may take, in milliseconds: on a busy machine the browser starts slowly, which is not the page's fault.
const PATIENCE = 120000;

let failed = 0;
// Runs a test on a page of its own. Any console error or network request of the page fails it.
async function test(name, file, options, body) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 }, ...options });
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => problems.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) problems.push(`request: ${request.url()}`);
  });
  try {
    await page.goto(address(file, options.hash), { timeout: PATIENCE });
    page.setDefaultTimeout(PATIENCE);
    await body(page, context);
    await page.screenshot({ path: path.join(folder, name.replaceAll(/[^a-z0-9]+/g, "-") + ".png") });
    assert.deepEqual(problems, []);
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n        ${error.message.slice(0, 700).replaceAll("\n", "\n        ")}`);
  } finally {
    await context.close();
  }
}

const shownRows = (page) => page.locator("main table.m tr[id]:visible").count();
// A requested scroll does not happen immediately.
const comesIn = (page, selector) => page.waitForFunction((s) => {
  const box = document.querySelector(s).getBoundingClientRect();
  return box.top >= 0 && box.top < innerHeight;
}, selector);
const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

await test("load", "many.html", {}, async (page) => {
  assert.equal(await page.title(), "waitspec: 9 subjects");
  assert.ok(await page.locator("#tools").isVisible());
  assert.equal(await page.locator("main table.sub tbody tr:visible").count(), 9);
  assert.match(await page.locator("#count").textContent(), /^\d+ rows$/);
  assert.ok(await fits(page), "the page is wider than its window");
  assert.ok(await page.getByText("unverified").first().isVisible());
});

await test("search", "many.html", {}, async (page) => {
  const before = await shownRows(page);
  await page.keyboard.press("/");
  await page.keyboard.type("running-child -1 eagain");
  await page.waitForFunction(() => / of /.test(document.querySelector("#count").textContent));
  const rows = await page.locator("main table.m tr[id]:visible").evaluateAll((all) => all.map((row) => row.id));
  assert.ok(rows.includes(CASE) && rows.length < before, String(rows));
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !/ of /.test(document.querySelector("#count").textContent));
  assert.equal(await shownRows(page), before);
  await page.fill("#q", "no such words at all");
  await page.waitForFunction(() => document.querySelector("#count").textContent.startsWith("0 of "));
  assert.equal(await shownRows(page), 0);
});

await test("only differences, only must, one book", "many.html", {}, async (page) => {
  const each = async (attribute) => {
    const rows = page.locator("main table.m tr[id]:visible");
    assert.ok((await rows.count()) > 0);
    assert.ok(await rows.evaluateAll((all, name) => all.every((row) => row.dataset[name] !== undefined), attribute));
  };
  await page.check("#differences");
  await each("d");
  await page.check("#must");
  await each("m");
  await page.selectOption("#book", "posix");
  const books = await page.locator("main table.m tr[id]:visible").evaluateAll((all) => all.map((row) => row.dataset.b));
  assert.ok(books.length > 0 && books.every((list) => list.split(" ").includes("posix")), String(books));
  assert.equal(await page.locator(".book:visible").count(), 1);
  await page.click("#clear");
  await page.waitForFunction(() => !/ of /.test(document.querySelector("#count").textContent));
  // From a checkbox, the key of the search works as from anywhere else.
  await page.focus("#must");
  await page.keyboard.press("/");
  assert.ok(await page.locator("#q").evaluate((q) => q === document.activeElement));
});

await test("one subject", "many.html", {}, async (page) => {
  await page.selectOption("#subject", { label: WRONG });
  const heads = await page.locator("#differences-by-case thead th:visible").allTextContents();
  assert.deepEqual(heads.map((text) => text.trim()), ["Case", WRONG]);
  assert.equal(await page.locator("main table.sub tbody tr:visible").count(), 1);
  // Its failures, and the commands that reproduce them, are visible without a click.
  const section = page.locator(".subject:visible");
  assert.equal(await section.count(), 1);
  assert.match(await section.locator(".gist:visible").first().textContent(), /EAGAIN/);
  assert.match(await section.locator("code.cmd:visible").first().textContent(), /^waitspec run \S+ --subject mutant:/);
  const bodies = page.locator(`tr[id="${CASE}"] td:visible`);
  assert.equal(await bodies.count(), 1);
});

await test("expand", "many.html", {}, async (page) => {
  const details = page.locator(`tr[id="${CASE}"] + tr.more details`);
  assert.equal(await details.locator("pre").first().isVisible(), false);
  await details.locator("summary").click();
  assert.match(await details.locator("pre").first().textContent(), /\n {2}expected {2}0\n {2}got/);
  await details.locator("summary").click();
  // A click on a result does the same.
  await page.locator(`tr[id="${CASE}"] td.f`).first().click();
  assert.ok(await details.locator("pre").first().isVisible());
});

await test("whose result it is", "many.html", {}, async (page) => {
  const cell = page.locator(`tr[id="${CASE}"] td.f`).first();
  await cell.hover();
  assert.match(await cell.getAttribute("title"), /^mutant:.*: (fail|hang)/);
});

await test("copy", "two.html", { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
  await page.locator(`tr[id="${CASE}"] + tr.more summary`).click();
  const item = page.locator(`tr[id="${CASE}"] + tr.more li`, { hasText: WRONG }).first();
  await item.locator("button.copy").click();
  await page.waitForFunction(() => document.querySelector("#count").textContent.startsWith("Copied: "));
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, await item.locator("code.cmd").textContent());
});

await test("link to a case", "many.html", { hash: "#" + CASE }, async (page) => {
  await comesIn(page, `[id="${CASE}"]`);
  assert.ok(await page.locator(`tr[id="${CASE}"] + tr.more pre`).first().isVisible());
});

await test("link to a clause that is folded away", "many.html", {}, async (page) => {
  const id = await page.evaluate(() => document.querySelector("#clauses details.all tr[id]").id);
  assert.equal(await page.locator(`[id="${id}"]`).isVisible(), false);
  // A separate visit: a reload would restore the scroll position.
  await page.goto("about:blank");
  await page.goto(address("many.html", "#" + id));
  assert.ok(await page.locator(`[id="${id}"]`).isVisible());
  await comesIn(page, `[id="${id}"]`);
});

await test("link to what is filtered away", "many.html", {}, async (page) => {
  await page.fill("#q", "no such words at all");
  await page.waitForFunction(() => document.querySelector("#count").textContent.startsWith("0 of "));
  await page.evaluate((id) => { location.hash = "#" + id; }, CASE);
  await page.locator(`[id="${CASE}"]`).waitFor({ state: "visible" });
  assert.equal(await page.inputValue("#q"), "");
});

await test("link to a subject", "many.html", { hash: "#subject-mutant-nohang-minus-one-eagain" }, async (page) => {
  const section = page.locator("#subject-mutant-nohang-minus-one-eagain");
  assert.ok(await section.locator("code.cmd").first().isVisible());
});

await test("dark", "many.html", { colorScheme: "dark", hash: "#" + CASE }, async (page) => {
  const dark = await background(page);
  assert.equal(dark, "rgb(13, 17, 23)");
  await page.click("#theme");
  assert.equal(await background(page), "rgb(255, 255, 255)");
  assert.equal(await page.textContent("#theme"), "Dark");
  await page.click("#theme");
  assert.equal(await background(page), dark);
});

// The contrast of every text with its background, as defined by WCAG: 4.5, or 3 for large text.
const faint = (page) => page.evaluate(() => {
  const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => { const c = v / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; })
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const seen = new Set();
  for (const node of document.querySelectorAll("body *")) {
    const text = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    const style = getComputedStyle(node);
    if (!text || !node.checkVisibility() || parseFloat(style.fontSize) === 0) continue;
    const [a, b] = [light(parse(style.color)), light(behind(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) seen.add(`${node.tagName}.${node.className} ${style.color} ${ratio.toFixed(2)}`);
  }
  return [...seen];
});
for (const colorScheme of ["light", "dark"]) {
  await test(`contrast ${colorScheme}`, "many.html", { colorScheme }, async (page) => {
    await page.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
    assert.deepEqual(await faint(page), []);
  });
}

for (const [name, file] of [["phone, many", "many.html"], ["phone, one", "one.html"]]) {
  await test(name, file, { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }, async (page) => {
    assert.ok(await fits(page), "the page is wider than the telephone");
    await page.locator(`tr[id="${CASE}"] + tr.more summary`).tap();
    const text = page.locator(`tr[id="${CASE}"] + tr.more pre`).first();
    assert.ok(await text.isVisible());
    const box = await text.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 360, JSON.stringify(box));
    assert.ok(await fits(page), "the page is wider than the telephone once a failure is open");
  });
}

await test("keyboard", "two.html", {}, async (page) => {
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "results");
  const summary = page.locator(`tr[id="${CASE}"] + tr.more summary`);
  await summary.focus();
  await page.keyboard.press("Enter");
  assert.ok(await page.locator(`tr[id="${CASE}"] + tr.more pre`).first().isVisible());
  const outline = await summary.evaluate((node) => getComputedStyle(node).outlineStyle);
  assert.notEqual(outline, "none", "the focus cannot be seen");
});

await test("screen reader", "many.html", {}, async (page) => {
  // The words of cells that show a sign are there for screen readers.
  const row = await page.locator(`tr[id="${CASE}"]`).ariaSnapshot();
  assert.match(row, /rowheader "nohang\.running-child/);
  assert.match(row, /cell "pass"/);
  assert.match(row, /cell "fail/);
  const region = await page.locator("main").ariaSnapshot();
  assert.match(region, /region "Differences"/);
  assert.match(region, /columnheader "libc"/);
});

// The maintainer of one of the programs types its name: its failures and the commands to copy are shown below it.
await test("all committed reports", "committed.html", { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
  for (const [words, label, gist, command] of [
    ["gvisor 2022 libc", /^gVisor 0\.0~2022.* libc$/, /expected .*, got /, /^UNDER_PATTERNS=\S+ scripts\/under runsc$/],
    ["asyncio", /^python-asyncio /, /expected .* exited 7, got /, /^waitspec run handle-\S+ --subject "\$\(scripts\/handles /],
    ["busybox", /^busybox-ash /, /expected \$\? 127, got \$\? 3/, /^waitspec run \S+ --subject 'shell:busybox ash'$/],
    ["dash", /^dash /, /expected \$\? 127, got \$\? 3/, /^waitspec run \S+ --subject shell:dash$/],
    ["ruby 3.1", /^ruby 3/, /expected .*, got /, /^waitspec run \S+ --subject "\$\(scripts\/languages /],
    ["setsid", /^setsid /, /expected killed by SIGKILL/, /^waitspec run wrapper\.killed-while-stopped --subject 'wrapper:setsid --wait'$/],
  ]) {
    await page.fill("#q", words);
    await page.waitForFunction((words) => {
      const shown = [...document.querySelectorAll("main table.sub tbody tr")].filter((row) => row.checkVisibility());
      return shown.length > 0 && shown.every((row) => words.split(" ").every((word) => row.textContent.toLowerCase().includes(word)));
    }, words);
    const links = await page.locator("main table.sub tbody tr:visible a").allTextContents();
    assert.ok(links.some((name) => label.test(name.trim())), `${words}: ${links}`);
    const section = page.locator(".subject:visible", { has: page.locator("h3", { hasText: label }) });
    assert.equal(await section.count(), 1, words);
    await section.locator(".found .gist:visible", { hasText: gist }).first().waitFor();
    const wrong = section.locator("code.cmd:visible", { hasText: command }).first();
    await wrong.locator("xpath=following-sibling::button").click();
    await page.waitForFunction(() => document.querySelector("#count").textContent.startsWith("Copied: "));
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await wrong.textContent());
    await page.fill("#q", "");
  }
  // A subject without failures is there as well.
  await page.fill("#q", "tini");
  const clean = page.locator(".subject:visible", { has: page.locator("h3", { hasText: /^tini / }) });
  await clean.getByText("No failures and no deviations.").waitFor();
});

await test("headings of nothing", "committed.html", {}, async (page) => {
  await page.fill("#q", "no such words at all");
  await page.waitForFunction(() => /nothing has all of these words/.test(document.querySelector("#count").textContent));
  const heads = async () => (await page.locator("main h2:visible, main section > h3:visible").allTextContents()).join(", ");
  assert.equal(await heads(), "Subjects, Subject by subject, Legend");
  await page.fill("#q", "");
  // With the version of its package.
  const dash = await page.locator("#subject option", { hasText: /^dash / }).textContent();
  await page.selectOption("#subject", { label: dash });
  assert.equal(await heads(), "Subjects, Subject by subject, Differences, Interface: program, Clauses, Legend");
  // Only the cases with a result for it, and in words.
  assert.deepEqual(
    await page.locator("#differences-by-case tr[id]:visible td:visible").allTextContents(), ["fail", "hang"]);
  await page.click("#clear");
  await page.waitForFunction(() => !/ of /.test(document.querySelector("#count").textContent));
  assert.match(await heads(), /^Subjects, Differences, .*, Clauses, .*, Subject by subject, Legend$/);
});

await test("without scripts", "many.html", { javaScriptEnabled: false }, async (page) => {
  assert.equal(await page.locator("#tools").isVisible(), false);
  await page.locator(`tr[id="${CASE}"] + tr.more summary`).click();
  assert.ok(await page.locator(`tr[id="${CASE}"] + tr.more pre`).first().isVisible());
});

await browser.close();
if (failed > 0) {
  console.log(`${failed} failed`);
  process.exit(1);
}
