// Appends a run's events to the table. Texts are set as text, never as HTML.
"use strict";
const rows = document.getElementById("events");
const state = document.getElementById("state");
// What is in backticks is code; a single backtick stays.
function append(cell, text) {
  const parts = text.split("`");
  if (parts.length % 2 === 0) parts.splice(0, parts.length, text);
  parts.forEach((part, number) => {
    const piece = document.createElement(number % 2 ? "code" : "span");
    piece.textContent = part;
    cell.append(piece);
  });
}
const source = new EventSource(rows.dataset.from);
source.addEventListener("told", (message) => {
  const told = JSON.parse(message.data);
  const row = rows.insertRow();
  const at = row.insertCell();
  at.className = "number";
  at.textContent = told.at;
  append(row.insertCell(), told.text);
});
source.addEventListener("end", () => {
  source.close();
  state.textContent = "The run has ended.";
  document.getElementById("stop")?.remove();
});
source.addEventListener("error", () => {
  if (source.readyState === EventSource.CLOSED) state.textContent = "The connection is lost; reload the page.";
});
