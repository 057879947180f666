// Searches words in a static export: every word of a query must occur, as it is, as the begin of a word, or with one
// typing error. artsim/publish/words.py writes the files and splits texts in the same way.

const PER_FILE = 65536; // entries of a file
const EXACT = 4;
const PREFIX = 2;
const FUZZY = 1;
const WEIGHTS = [1, 1.5, 3]; // of a hit, by the class of its column
const MOST_WORDS = 12;
const MOST_SHORT = 100; // words that a prefix of one or two letters may mean
const LETTERS = { ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i" };

let loading = null;
const files = new Map();

/** The words of a text in lower case, without accents. */
export function wordsOf(text) {
  const plain = text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/[ßæœøłđðþı]/g, (letter) => LETTERS[letter]);
  return plain.match(/[\p{L}\p{N}]{1,60}/gu) ?? [];
}

/** Whether two words differ by one letter that is wrong, missing, too many, or exchanged with the next. */
export function isNear(one, other) {
  const [a, b] = one.length <= other.length ? [one, other] : [other, one];
  if (b.length - a.length > 1 || a === b) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  if (a.length < b.length) return a.slice(at) === b.slice(at + 1);
  if (a.slice(at + 1) === b.slice(at + 1)) return true;
  return a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2);
}

async function readTerms(fetchFile) {
  const lines = (await (await fetchFile("api/words/terms.txt")).text()).split("\n");
  lines.pop();
  const words = new Array(lines.length);
  const starts = new Float64Array(lines.length + 1);
  lines.forEach((line, index) => {
    const at = line.lastIndexOf(" ");
    words[index] = line.slice(0, at);
    starts[index + 1] = starts[index] + Number(line.slice(at + 1));
  });
  return { words, starts };
}

/** What a word of a query may mean: [[place of a term, weight], ...]. */
function meanings(word, { words, starts }) {
  const fuzzy = word.length >= 4 && !/^\d+$/.test(word);
  const found = [];
  words.forEach((term, place) => {
    if (term === word) found.push([place, EXACT]);
    else if (term.startsWith(word)) found.push([place, PREFIX]);
    else if (fuzzy && isNear(word, term)) found.push([place, FUZZY]);
  });
  if (word.length > 2) return found;
  const frequency = ([place]) => starts[place + 1] - starts[place];
  return found.sort((a, b) => b[1] - a[1] || frequency(b) - frequency(a)).slice(0, MOST_SHORT);
}

async function entries(place, { starts }, fetchFile) {
  const parts = [];
  for (let start = starts[place]; start < starts[place + 1]; ) {
    const file = Math.floor(start / PER_FILE);
    const stop = Math.min(starts[place + 1], (file + 1) * PER_FILE);
    if (!files.has(file)) {
      const pending = fetchFile(`api/words/${file}.bin`).then((found) => found.arrayBuffer()).then((content) => new Uint32Array(content));
      pending.catch(() => files.delete(file));
      files.set(file, pending);
    }
    parts.push((await files.get(file)).subarray(start - file * PER_FILE, stop - file * PER_FILE));
    start = stop;
  }
  return parts;
}

/** Returns {numbers, scores} of the artworks that have all words, best first. */
export async function find(query, fetchFile, count) {
  loading ??= readTerms(fetchFile);
  loading.catch(() => (loading = null));
  const terms = await loading;
  const asked = [...new Set(wordsOf(query))].slice(0, MOST_WORDS);
  const totals = new Float32Array(count);
  const hits = new Uint8Array(count);
  for (const word of asked) {
    const best = new Float32Array(count);
    const lists = await Promise.all(meanings(word, terms).map(async ([place, weight]) => [await entries(place, terms, fetchFile), place, weight]));
    for (const [parts, place, weight] of lists) {
      const rarity = Math.log(1 + count / (terms.starts[place + 1] - terms.starts[place]));
      for (const part of parts) {
        for (const entry of part) best[entry >>> 2] = Math.max(best[entry >>> 2], weight * rarity * WEIGHTS[entry & 3]);
      }
    }
    for (let n = 0; n < count; n++) {
      if (!best[n]) continue;
      hits[n]++;
      totals[n] += best[n];
    }
  }
  const matching = [];
  for (let n = 0; n < count; n++) if (asked.length && hits[n] === asked.length) matching.push(n);
  matching.sort((a, b) => totals[b] - totals[a] || a - b);
  return { numbers: Uint32Array.from(matching), scores: Float32Array.from(matching, (n) => totals[n]) };
}
