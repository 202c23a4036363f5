// Runs before the styles: settles light or dark, so that nothing flashes, and says that scripts run.
(() => {
  const root = document.documentElement;
  root.classList.add("v-scripted");
  const key = "vellum-theme";
  try {
    // The preference of whoever is signed in counts; the sign-in page remembers the last one on this device.
    if (root.dataset.singleKeys) localStorage.setItem(key, root.dataset.theme);
    else root.dataset.theme = localStorage.getItem(key) || "system";
  } catch {
    // Storage can be forbidden; then the device decides.
  }
})();
