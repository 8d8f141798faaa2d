// Uses the page as a reader would, and leaves what it shows as lines of text.
const all = (selector) => [...document.querySelectorAll(selector)];
const cells = (element) => [...element.children].map((child) => child.textContent).join(" | ");
const lines = [];
const tell = (what, elements, text) => elements.forEach((element) => lines.push(`${what}: ${text(element)}`));

tell("error", all("body > .error"), (e) => e.textContent);
tell("figure", all(".figures > div"), cells);
tell("part", all(".part-title"), cells);
tell("legend", all(".legend .pill"), (e) => e.textContent);
tell("move", all(".box.move"), cells);
lines.push(`boxes: ${all(".box").length}`);
all("#diagram input[type=checkbox]")[0].click();
lines.push(`boxes with reshapes: ${all(".box").length}`);
all(".box").find((box) => box.title === "node_linear_4").click();
tell("details", all(".details dt"), (dt) => `${dt.textContent}: ${dt.nextSibling.textContent}`);
tell("collective", all("#collectives tbody tr"), cells);
all("#configurations th button").find((button) => button.textContent === "Fits").click();
tell("configuration", all("#configurations tbody tr"), cells);
const search = document.getElementById("search");
search.value = "partial \x3c/SCRIPT>";
search.dispatchEvent(new Event("input"));
tell("tensor", all("#layouts tbody tr"), cells);
lines.push(`status: ${all("#layouts [role=status]")[0].textContent}`);
document.head.replaceChildren();
document.body.replaceChildren(lines.join("\n"));
