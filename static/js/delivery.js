// The page of a reader's mails: it offers the time zone of her device, and chooses it where none was ever kept.
"use strict";

(() => {
  const zones = document.getElementById("zone");
  const here = document.getElementById("here");
  if (!zones) return;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const option = [...zones.options].find((one) => one.value === zone);
  if (!option) return;
  if ("unset" in zones.dataset) zones.value = zone;
  here.querySelector("span").textContent = zone.replaceAll("_", " ");
  const offer = () => {
    here.hidden = zones.value === zone;
  };
  here.addEventListener("click", () => {
    zones.value = zone;
    offer();
    zones.focus();
  });
  zones.addEventListener("change", offer);
  offer();
})();
