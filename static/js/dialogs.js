// Dialogs, the drawer and menus: native elements; focus goes back to what opened them.
const drawer = document.getElementById("drawer");

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    open(dialog, opener);
    return;
  }
  const link = event.target.closest("[data-drawer]");
  if (link && drawer) {
    event.preventDefault();
    openDrawer(link);
    return;
  }
  // A click on the backdrop closes; the dialog itself is the target then.
  if (event.target instanceof HTMLDialogElement) event.target.close();
  for (const menu of document.querySelectorAll("details.v-menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

/** Open a dialog and give the focus back to its opener at the end. */
export function open(dialog, opener = document.activeElement) {
  if (dialog.open) return;
  dialog.addEventListener("close", () => opener?.focus?.(), { once: true });
  dialog.showModal();
}

function openDrawer(opener) {
  const list = document.querySelector("#rail .v-rail-list")?.cloneNode(true);
  if (!list) return;
  drawer.replaceChildren(list);
  open(drawer, opener);
}

/** Close the innermost open menu; tells whether there was one. */
export function closeMenu() {
  const menu = document.querySelector("details.v-menu[open]");
  if (!menu) return false;
  menu.open = false;
  menu.querySelector("summary")?.focus();
  return true;
}
