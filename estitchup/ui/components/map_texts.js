// Takes the texts of the map, headed by their version, and keeps them where the map looks them up; shows nothing itself.

const VERSION_LETTERS = 16;

export default function ({ data }) {
  const version = new TextDecoder().decode(data.subarray(0, VERSION_LETTERS));
  if (window.estitchupMapTexts?.version === version) return;
  window.estitchupMapTexts = { version, ...JSON.parse(new TextDecoder().decode(data.subarray(VERSION_LETTERS))) };
}
