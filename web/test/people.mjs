/** Names as people have them, and some that try a page. */
export const names = [
  "Anna Lindqvist", "Mateus Oliveira", "Priya Raman", "李小龙", "Jonas Weber", "فاطمة الزهراء", "Chloé Dubois", "Олександр Шевченко",
  "Aoife O’Sullivan", "Kenji Watanabe", "<img src=x onerror=alert(1)>", "Thabo Nkosi", "Maximiliane Freifrau von Hohenstein-Wittgenstein-Berleburg",
  "Sofía Herrera", "", "Noah Smith", "Zeynep Yılmaz", "Ingrid Solberg", "Luca Romano", "Amara Okafor", "Erik Jansen", "Mei Tanaka", "Tomasz Kowalski",
  "Hannah Cohen", "Ravi Patel", "Emma Laine", "Diego Castro", "Fatou Diallo", "Petra Nováková", "Samuel Adeyemi",
];

/** A small seeded generator (mulberry32): the same numbers in every run. */
export function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
