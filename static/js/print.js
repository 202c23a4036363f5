// Links with data-print open the printable form of a document; here it goes to the printer from a hidden frame, so that
// the page stays. A browser that lets nobody print a frame gets the form in a tab, as without scripts.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-print]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  print(link.href);
});

function print(address) {
  document.querySelector(".v-print-frame")?.remove();
  const frame = document.createElement("iframe");
  frame.className = "v-print-frame";
  frame.tabIndex = -1;
  frame.setAttribute("aria-hidden", "true");
  frame.src = address;
  frame.addEventListener("load", () => {
    try {
      frame.contentWindow.focus();
      frame.contentWindow.print();
    } catch {
      window.open(address, "_blank", "noopener");
    }
  });
  document.body.append(frame);
}
