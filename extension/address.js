// Where a page of arXiv is found on a Papertide site. The bookmarklet of /tools is made of this very file, so that
// the function needs nothing from outside, and comments stand on lines of their own.
"use strict";

// The path below the site's own address ("arxiv/2401.00001v2", "arxiv/cs.CL?date=2025-11-21", "" for the front page),
// or null where `address` is no page of arXiv that has a counterpart.
export function placeOf(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (!/^https?:$/.test(url.protocol)) return null;
  let path;
  try {
    path = decodeURIComponent(url.pathname);
  } catch {
    return null;
  }
  const id = "(\\d{4}\\.\\d{4,5}|[a-z][a-z-]+(?:\\.[a-z-]{2,10})?/\\d{7})(v[1-9]\\d{0,3})?";
  const found = (pattern) => new RegExp(`^/${pattern}/?$`, "i").exec(path);
  const paper = (match) => `arxiv/${match[1].toLowerCase()}${(match[2] ?? "").toLowerCase()}`;
  const host = url.hostname.toLowerCase();
  if (/^(dx\.)?doi\.org$/.test(host)) {
    const named = found(`10\\.48550/arxiv\\.${id}`);
    return named && paper(named);
  }
  if (!/(^|\.)(arxiv\.org|ar5iv\.org)$/.test(host)) return null;
  const full = found(`[a-z][a-z0-9-]*/${id}(?:\\.pdf|\\.ps|\\.gz)*`);
  if (full) return paper(full);
  const listed = found("(?:list|archive|catchup|rss|atom|year)/([a-z][a-z.+*-]{1,300})(?:/([^/]*))?(?:/.*)?");
  if (listed) {
    const [, category, when = ""] = listed;
    const month = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(when);
    if (/^\d{4}-\d\d-\d\d$/.test(when)) return `arxiv/${category}?date=${when}`;
    if (!month) return `arxiv/${category}`;
    const last = new Date(Date.UTC(Number(month[1]), Number(month[2]), 0)).getUTCDate();
    return `arxiv/${category}?from=${when}-01&to=${when}-${last}`;
  }
  if (found("search(?:/[a-z-]+)?")) {
    const words = (url.searchParams.get("query") ?? "").trim().slice(0, 1000);
    const field = { author: "author:", title: "title:", abstract: "abstract:" }[url.searchParams.get("searchtype")];
    const query = field && words ? `${field}"${words.replaceAll('"', "")}"` : words;
    return query ? `search?q=${encodeURIComponent(query)}` : "search";
  }
  return found("(?:index\\.html)?") ? "" : null;
}
