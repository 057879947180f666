"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const key = `artsim-draw-${data.page}`;
const total = data.choices.length;
const SKIPPED = -1;
const part = (id) => document.getElementById(id);

let stored = true; // whether the browser keeps progress
let answers = restored(); // of every annotation so far: the candidate that was chosen, 0 to 7, or SKIPPED
let chosen = null; // of the annotation that is shown, not yet confirmed
let downloaded = 0; // how many answers the last download had

function restored() {
  try {
    const kept = JSON.parse(localStorage.getItem(key));
    const good = (one) => Number.isInteger(one) && one >= SKIPPED && one < 8;
    return Array.isArray(kept) && kept.length <= total && kept.every(good) ? kept : [];
  } catch (error) {
    stored = !(error instanceof DOMException); // what is there may be no JSON
    return [];
  }
}

function keep() {
  try {
    localStorage.setItem(key, JSON.stringify(answers));
    stored = true;
  } catch {
    stored = false;
  }
}

const judged = () => answers.filter((one) => one !== SKIPPED).length;

function choose(candidate) {
  if (answers.length === total) return;
  chosen = candidate;
  show();
}

function answer(candidate) {
  answers.push(candidate);
  chosen = null;
  keep();
  show();
  part(answers.length === total ? "end-heading" : "heading").focus();
}

function next() {
  if (answers.length === total) return;
  if (chosen === null) {
    notice("Choose a candidate first, or skip.");
  } else {
    answer(chosen);
  }
}

function skip() {
  if (answers.length < total) answer(SKIPPED);
}

function undo() {
  if (chosen !== null) {
    chosen = null;
  } else if (answers.length) {
    const last = answers.pop();
    chosen = last === SKIPPED ? null : last;
    keep();
  }
  show();
}

function lines() {
  const rows = answers.flatMap((positive, row) => {
    if (positive === SKIPPED) return [];
    const [anchor, ...candidates] = data.choices[row];
    const negatives = candidates.filter((_, candidate) => candidate !== positive);
    return [[anchor, candidates[positive], ...negatives].map((place) => data.works[place].name).join(",")];
  });
  return [data.first, ...rows, ""].join("\n");
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines()], { type: "text/plain;charset=utf-8" }));
  link.download = data.file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  downloaded = answers.length;
}

function notice(text) {
  part("notice").textContent = text;
  part("notice").hidden = !text;
}

function described(work) {
  return [work.title, work.artist, work.date].filter(Boolean).join(", ");
}

function caption(element, work) {
  const [title, more] = element.children;
  title.textContent = work.title;
  more.textContent = [work.artist, work.date].filter(Boolean).join(", ");
  element.title = described(work);
}

function showQuestion() {
  const [anchor, ...candidates] = data.choices[answers.length].map((place) => data.works[place]);
  part("anchor-image").src = anchor.large;
  part("anchor-image").alt = described(anchor);
  caption(part("anchor").querySelector("figcaption"), anchor);
  candidates.forEach((work, number) => {
    const button = part("candidates").children[number];
    const image = button.querySelector("img");
    if (image.src !== work.small) image.src = work.small;
    button.setAttribute("aria-label", `${number + 1}: ${described(work)}`);
    button.setAttribute("aria-pressed", String(number === chosen));
    caption(button.querySelector(".caption div"), work);
  });
}

function show() {
  const ended = answers.length === total;
  part("question").hidden = ended;
  part("end").hidden = !ended;
  part("bar").value = answers.length / total;
  part("count").textContent = `${Math.min(answers.length + 1, total)} of ${total}`;
  part("download").textContent = `Download (${judged()})`;
  part("download").disabled = part("end-download").disabled = judged() === 0;
  part("undo").disabled = !answers.length && chosen === null;
  part("skip").hidden = part("hint").hidden = part("next").hidden = ended;
  part("next").disabled = chosen === null;
  part("end-count").textContent = `${judged()} chosen, ${total - judged()} skipped.`;
  notice(stored ? "" : "This browser does not keep progress: download before you close the page.");
  if (!ended) showQuestion();
}

function candidateButton(number) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "candidate";
  const frame = document.createElement("div");
  frame.className = "frame";
  const image = document.createElement("img");
  image.alt = ""; // the button has a label
  image.draggable = false;
  frame.append(image);
  const label = document.createElement("span");
  label.className = "number";
  label.textContent = number + 1;
  const words = document.createElement("div");
  words.append(document.createElement("b"), document.createElement("span"));
  const below = document.createElement("div");
  below.className = "caption";
  below.append(label, words);
  button.append(frame, below);
  button.addEventListener("click", () => (chosen === number ? next() : choose(number)));
  return button;
}

function toggleCaptions() {
  const plain = document.body.classList.toggle("plain");
  part("captions").setAttribute("aria-pressed", String(!plain));
}

const keys = { Enter: next, " ": next, Backspace: undo, u: undo, s: skip, c: toggleCaptions };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const onButton = event.target instanceof HTMLButtonElement && (event.key === "Enter" || event.key === " ");
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (onButton || !(/^[1-8]$/.test(name) || name in keys)) return;
  event.preventDefault();
  if (event.repeat) return;
  if (name in keys) {
    keys[name]();
  } else {
    choose(Number(name) - 1);
    part("candidates").children[Number(name) - 1].focus();
  }
});

window.addEventListener("beforeunload", (event) => {
  if (!stored && answers.length > downloaded) event.preventDefault();
});

for (let number = 0; number < 8; number++) part("candidates").append(candidateButton(number));
part("captions").addEventListener("click", toggleCaptions);
part("undo").addEventListener("click", undo);
part("skip").addEventListener("click", skip);
part("next").addEventListener("click", next);
part("download").addEventListener("click", download);
part("end-download").addEventListener("click", download);
part("command").textContent = data.command;
show();
