// The button and the entries of the context menu: each opens the Papertide page that belongs to a page of arXiv.
"use strict";

import { placeOf } from "./address.js";
import { keptSite } from "./site.js";

const ARXIV = ["*://arxiv.org/*", "*://*.arxiv.org/*", "*://ar5iv.org/*", "*://doi.org/10.48550/*"];
const LONGEST_QUERY = 1000;

chrome.runtime.onInstalled.addListener(async () => {
  await chrome.contextMenus.removeAll();
  const entry = (id, contexts, more = {}) =>
    chrome.contextMenus.create({ id, contexts, title: chrome.i18n.getMessage(`menu_${id}`), ...more });
  entry("page", ["page"], { documentUrlPatterns: ARXIV });
  entry("link", ["link"], { targetUrlPatterns: ARXIV });
  entry("selection", ["selection"]);
});

chrome.action.onClicked.addListener((tab) => open(placeOf(tab.url ?? "") ?? "", tab));

chrome.contextMenus.onClicked.addListener((info, tab) => {
  const places = {
    page: () => placeOf(info.pageUrl) ?? "",
    link: () => placeOf(info.linkUrl) ?? "",
    selection: () => `search?q=${encodeURIComponent(info.selectionText.trim().slice(0, LONGEST_QUERY))}`,
  };
  return open(places[info.menuItemId](), tab);
});

// A new tab beside the one that the reader is in.
async function open(place, tab) {
  const beside = tab?.index >= 0 ? { index: tab.index + 1 } : {};
  await chrome.tabs.create({ url: `${await keptSite()}/${place}`, ...beside });
}
