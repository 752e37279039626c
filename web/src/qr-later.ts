/** Draws a text as a QR code in a place, once that part of the page is there. */
export async function drawQr(place: HTMLElement, text: string, label: string): Promise<void> {
  const { qr } = await import("./qr.js");
  place.replaceChildren(qr(text, label));
}
