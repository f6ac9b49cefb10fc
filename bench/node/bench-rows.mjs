// The rows of bench/support/bench_rows.h, for programs in JavaScript: the same table, the same
// options, the same lines of JSON.

import { appendFileSync } from "node:fs";

const STEPS = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

function shortNumber(value) {
  const [step, suffix] = STEPS.find(([size]) => Math.abs(value) >= size) ?? [1, ""];
  const number = value / step;
  const size = Math.abs(number);
  const decimals = size >= 100 || number === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 4;
  return `${number.toFixed(decimals)} ${suffix}`;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Runs both sides in turn; the side that goes first changes with each round. */
export function medians(rounds, ours, peer) {
  const figures = { ours: [], peer: [] };
  for (let round = 0; round < rounds; ++round) {
    if (round % 2 === 0) figures.ours.push(ours());
    figures.peer.push(peer());
    if (round % 2 === 1) figures.ours.push(ours());
  }
  return { ours: median(figures.ours), peer: median(figures.peer) };
}

/** How often in a second `work` does one of the `count` things that it does. */
export function rateOf(count, work) {
  const begin = process.hrtime.bigint();
  work();
  return count / (Number(process.hrtime.bigint() - begin) / 1e9);
}

export class Bench {
  #name;
  #json;
  #only = "";
  #rows = 0;
  #short = 0;

  constructor(name, options) {
    this.#name = name;
    for (let i = 0; i < options.length; i += 2) {
      if (i + 1 === options.length || !["--json", "--only"].includes(options[i])) {
        console.error(`usage: ${name} [--json FILE] [--only TEXT]`);
        process.exit(2);
      }
      if (options[i] === "--json") this.#json = options[i + 1];
      else this.#only = options[i + 1];
    }
  }

  selects(measure) {
    return measure.includes(this.#only);
  }

  /** @param target what `ours / peer` must be at least. */
  row({ measure, ours, peer, unit, target }) {
    const ratio = ours / peer;
    const status = ratio >= target ? "ok" : "short";
    if (this.#rows++ === 0) this.#print("measure", "ours", "peer", "ratio", "target", "");
    if (status === "short") ++this.#short;
    this.#print(
      measure,
      shortNumber(ours) + unit,
      shortNumber(peer) + unit,
      ratio.toFixed(3),
      `>= ${target.toFixed(3)}`,
      `  ${status}`,
    );
    if (this.#json === undefined) return;
    const line = { bench: this.#name, measure, ours, peer, unit, ratio, better: "more", target };
    appendFileSync(this.#json, `${JSON.stringify({ ...line, status })}\n`);
  }

  #print(measure, ours, peer, ratio, target, status) {
    const columns = [ours.padStart(14), peer.padStart(14), ratio.padStart(8), target.padStart(10)];
    console.log(`${measure.padEnd(58)} ${columns.join(" ")}${status}`);
  }

  /** The exit status: 1 when a row was short. */
  finish() {
    if (this.#rows === 0) {
      console.error(`${this.#name}: no measure contains '${this.#only}'`);
      return 2;
    }
    if (this.#short > 0) console.log(`${this.#short} of ${this.#rows} rows are short`);
    return this.#short > 0 ? 1 : 0;
  }
}
