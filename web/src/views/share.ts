import { h } from "../dom.js";
import { drawQr } from "../qr-later.js";

/** Shows a board's address as text and as a code for cameras. */
export async function shareDialog(address: string): Promise<void> {
  const field = h("input", { type: "text", readonly: true, value: address, "aria-label": "Address of the board" });
  const copy = h("button", { class: "button", type: "button" }, "Copy the address");
  const close = h("button", { class: "quiet", type: "button" }, "Close");
  const said = h("p", { class: "help", role: "status" });
  const place = h("div", { class: "share-code" });
  const dialog = h("dialog", { class: "panel share-dialog", "aria-labelledby": "share-title" },
    h("h2", { id: "share-title" }, "Share this board"),
    h("p", { class: "help" }, "Everybody who has this address sees the board as you do."),
    place, field, copy, said,
    h("a", { class: "help", href: `${new URL(address).pathname}?tv=1` }, "Show it on a screen"), close);
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(address);
      said.textContent = "Copied.";
    } catch {
      field.select();
      said.textContent = "Copy the selected text.";
    }
  });
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  await drawQr(place, address, "QR code of the address");
}
