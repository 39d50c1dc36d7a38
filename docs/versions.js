// A list of the versions of the documentation, where they are published side by side; nothing where there is only this one.
"use strict";

(async () => {
  const root = new URL(typeof path_to_root === "string" ? path_to_root || "./" : "./", document.baseURI);
  if (!root.protocol.startsWith("http")) {
    return; // Read from files: nobody answers there.
  }
  const answer = await fetch(new URL("../versions.json", root)).catch(() => null);
  const versions = answer?.ok ? await answer.json() : [];
  const here = root.pathname.split("/").filter(Boolean).at(-1);
  const menu = document.querySelector("#mdbook-menu-bar .right-buttons, #menu-bar .right-buttons");
  if (!menu || !versions.includes(here)) {
    return;
  }
  const list = document.createElement("select");
  list.setAttribute("aria-label", "Version of the documentation");
  for (const version of versions) {
    list.append(new Option(version, version, false, version === here));
  }
  list.addEventListener("change", () => {
    location.href = new URL(`../${list.value}/`, root).href;
  });
  menu.prepend(list);
})();
