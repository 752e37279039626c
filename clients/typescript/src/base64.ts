const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The text of base64url-encoded UTF-8. By hand: React Native has no TextDecoder, and older ones no atob. Throws on what is neither. */
export function decodeBase64URL(text: string): string {
  let escaped = "";
  let bits = 0;
  let held = 0;
  for (const char of text) {
    const value = alphabet.indexOf(char);
    if (value < 0) throw new Error("not base64url");
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    escaped += `%${(((held >> bits) & 0xff) + 0x100).toString(16).slice(1)}`;
  }
  return decodeURIComponent(escaped);
}
