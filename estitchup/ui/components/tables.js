// Takes what stays of the panels while their thresholds move, and tells them; shows nothing itself.

export default function ({ data }) {
  const { version, tables } = JSON.parse(new TextDecoder().decode(data));
  for (const table of tables) {
    if (shared.tables.get(table.side)?.version !== version) shared.tables.set(table.side, { version, ...table });
  }
  document.dispatchEvent(new CustomEvent(TABLES));
}
