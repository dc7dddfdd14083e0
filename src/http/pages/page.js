// Keeps the page up to date, and has buttons do what they say. Without it everything can still be read.
//
// What is new comes as the page itself, made by the daemon: each part with data-live is put in place of
// the one of the same id, if it differs. So there is one place where things are put into words.

const EVERY = 2000;
const PATIENCE = 10000;
const lost = document.getElementById("lost");
const said = document.getElementById("said");
let reachedAt = new Date();
let missed = 0;

document.documentElement.classList.add("js");

/** Tells who does not see the page. */
function say(text) {
  if (said.textContent !== text) said.textContent = text;
}

/** Where the keyboard is, so that it can be put there again. */
function place(part) {
  const at = document.activeElement;
  if (!at || !part.contains(at)) return null;
  const alike = [...part.querySelectorAll(at.tagName)].filter((one) => one.textContent === at.textContent);
  return { tag: at.tagName, text: at.textContent, index: alike.indexOf(at) };
}

function putBack(part, at) {
  if (!at) return;
  const alike = [...part.querySelectorAll(at.tag)].filter((one) => one.textContent === at.text);
  (alike[Math.min(at.index, alike.length - 1)] ?? document.getElementById("main")).focus({ preventScroll: true });
}

/** Whether somebody has marked something there, say to copy it. */
function isBeingRead(part) {
  const marked = document.getSelection();
  return marked !== null && !marked.isCollapsed && part.contains(marked.anchorNode);
}

function replace(fresh) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = fresh.getElementById(part.id);
    if (!other || isBeingRead(part)) continue;
    for (const open of part.querySelectorAll("details[open]")) {
      other.querySelector(`#${open.id}`)?.setAttribute("open", "");
    }
    if (other.isEqualNode(part)) continue;
    if (other.dataset.told && other.dataset.told !== part.dataset.told) say(other.dataset.told);
    const at = place(part);
    const next = document.importNode(other, true);
    part.replaceWith(next);
    putBack(next, at);
  }
}

function found() {
  if (missed > 0 && !lost.hidden) {
    lost.hidden = true;
    lost.textContent = "";
    say("repackd answers again");
  }
  missed = 0;
  reachedAt = new Date();
}

function notFound(why) {
  missed += 1;
  const since = reachedAt.toISOString().replace("T", " ").slice(0, 19);
  const text = `${why} since ${since} UTC. What is below is as of then.`;
  // Said once; a screen reader would say it again with each change.
  if (lost.textContent !== text) lost.textContent = text;
  lost.hidden = false;
}

async function look() {
  let answer;
  try {
    answer = await fetch(location.href, {
      headers: { Accept: "text/html" },
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    notFound("repackd does not answer");
    return;
  }
  if (!answer.ok) {
    notFound(`repackd cannot show this (${answer.status})`);
    return;
  }
  const text = await answer.text().catch(() => null);
  if (text === null) {
    notFound("repackd does not answer");
    return;
  }
  found();
  replace(new DOMParser().parseFromString(text, "text/html"));
}

async function keepLooking() {
  for (;;) {
    await new Promise((wake) => setTimeout(wake, EVERY));
    // A page that nobody sees asks for nothing.
    if (document.visibilityState === "visible") await look();
  }
}

/** Shows a dialog; resolves with what was chosen. */
function show(dialog) {
  return new Promise((chosen) => {
    dialog.returnValue = "";
    dialog.addEventListener("close", () => chosen(dialog.returnValue), { once: true });
    dialog.showModal();
  });
}

/** The token: kept for this tab, as long as it is open. */
async function token(why) {
  const kept = sessionStorage.getItem("token");
  if (kept && !why) return kept;
  const dialog = document.getElementById("ask");
  document.getElementById("ask-why").textContent = why ?? "";
  const field = document.getElementById("token");
  field.value = "";
  if ((await show(dialog)) !== "go" || !field.value) return null;
  sessionStorage.setItem("token", field.value);
  sessionStorage.setItem("who", document.getElementById("who").value);
  field.value = "";
  return sessionStorage.getItem("token");
}

async function act(form) {
  const { path, connection, schema, name, sure } = form.dataset;
  if (sure) {
    document.getElementById("sure-title").textContent = `${form.textContent.trim()}?`;
    document.getElementById("sure-what").textContent = sure;
    if ((await show(document.getElementById("sure"))) !== "yes") return;
  }
  let why;
  for (;;) {
    const secret = await token(why);
    if (secret === null) return;
    let answer;
    try {
      answer = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${secret}` },
        body: JSON.stringify({ connection, schema, name, by: sessionStorage.getItem("who") ?? "" }),
        signal: AbortSignal.timeout(PATIENCE),
      });
    } catch {
      notFound("repackd does not answer");
      return;
    }
    if (answer.status === 401) {
      sessionStorage.removeItem("token");
      why = "That was not it.";
      continue;
    }
    const document_ = await answer.json().catch(() => ({}));
    tell(document_.done ?? document_.error ?? `status ${answer.status}`, answer.ok);
    await look();
    return;
  }
}

/** Shows what came of a button, below the heading. */
function tell(text, good) {
  let place = document.getElementById("told");
  if (!place) {
    place = document.createElement("p");
    place.id = "told";
    document.querySelector("main h1").after(place);
  }
  place.className = good ? "note" : "trouble";
  place.textContent = text;
  say(text);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.classList.contains("act")) return;
  event.preventDefault();
  const button = form.querySelector("button");
  if (button.disabled) return;
  button.disabled = true;
  act(form).finally(() => { button.disabled = false; });
});

document.getElementById("ask-not")?.addEventListener("click", () => document.getElementById("ask").close("no"));
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") look(); });

if (document.querySelector("[data-live]")) keepLooking();
