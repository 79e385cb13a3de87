// The reader's own Papertide site: its address, kept in the browser.
"use strict";

export const DEFAULT_SITE = "http://127.0.0.1:8000";
const LONGEST = 500;

// The address of a site as it is kept, without a slash at the end; null where `text` is none. A path is part of it
// (https://example.org/papertide), a query, a fragment, a name or a password are not.
export function readSite(text) {
  const typed = text.trim();
  let url;
  try {
    url = new URL(typed);
  } catch {
    return null;
  }
  const plain = !url.username && !url.password && !/[?#]/.test(typed);
  if (!plain || typed.length > LONGEST || !/^https?:\/\//i.test(typed)) return null;
  return url.origin + url.pathname.replace(/\/+$/, "");
}

export async function keptSite() {
  const { site } = await chrome.storage.local.get("site");
  return readSite(site ?? "") ?? DEFAULT_SITE;
}

export async function keepSite(site) {
  await chrome.storage.local.set({ site });
}
