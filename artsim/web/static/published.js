// Answers the requests of the page from files, on a site that jobs.export_site wrote. It has no server behind it.

const asJson = (content, status = 200) => new Response(JSON.stringify(content), { status, headers: { "Content-Type": "application/json" } });
const absent = () => asJson({ error: "This needs the server: a published site cannot do it." }, 501);
const fetched = globalThis.fetch.bind(globalThis);
const kept = new Map();

function stored(file) {
  if (!kept.has(file)) kept.set(file, fetched(file).then((answer) => answer.json()));
  return kept.get(file);
}

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Numbers of the works that have every word of the query, or a word that begins with it. */
async function search(query) {
  const words = plain(query.get("q") ?? "").match(/[\p{L}\p{N}]+/gu) ?? [];
  const texts = await stored("api/words.json");
  return texts.flatMap((text, n) => (words.every((word) => text.includes(` ${word}`)) ? [n] : []));
}

async function answer(path, query) {
  if (/^api\/(archive|artworks\/\d+|duplicates\/[^/]+|(clusters)\/[^/]+\/info|(columns\/[^/]+|labels\/[^/]+\/[^/]+)\/values)$/.test(path)) return fetched(`${path}.json`);
  if (/^api\/(colors|tiles|(columns|layouts|clusters)\/[^/]+|labels\/[^/]+\/[^/]+)$/.test(path)) return fetched(`${path}.bin`);
  if (/^api\/.+\.jpg$/.test(path)) return fetched(path);
  if (path === "api/artworks") {
    const numbers = query.get("n").split(",").map(Number);
    const size = (await stored("api/records/about.json")).size;
    return asJson(await Promise.all(numbers.map(async (n) => (await stored(`api/records/${Math.floor(n / size)}.json`))[n % size])));
  }
  if (path === "api/lookup") {
    const n = (await stored("api/ids.json")).indexOf(query.get("id"));
    return n < 0 ? asJson({ error: "no such artwork" }, 404) : asJson({ n });
  }
  if (path === "api/similar" && query.getAll("n").length === 1 && !query.has("farthest")) return fetched(`api/similar/${Number(query.get("n"))}.json`);
  if (path === "api/search") {
    const found = await search(query);
    if (query.has("ids")) return new Response(Uint32Array.from(found).buffer);
    const limit = Number(query.get("limit") ?? 60);
    return asJson({ total: found.length, hits: found.slice(0, limit).map((n) => ({ n, score: 1 })), facets: {} });
  }
  if (path === "api/tables") return asJson({ tables: [], failures: [], pending: [] });
  return path === "api/reports" || path === "api/pictures" ? asJson([]) : absent();
}

globalThis.fetch = (address, options) => {
  const [path, query] = String(address).split("?");
  if (!path.startsWith("api/")) return fetched(address, options);
  return options?.method === "POST" ? Promise.resolve(absent()) : answer(path, new URLSearchParams(query));
};
