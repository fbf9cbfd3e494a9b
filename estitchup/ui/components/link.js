// Copies the address of the page, which holds all that is chosen on it.
export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button");
  const words = button.querySelector("span");
  const said = parentElement.querySelector("[role=status]");
  const field = parentElement.querySelector("input");
  let settle;

  const tell = (label, status) => {
    words.textContent = label;
    said.textContent = status;
    clearTimeout(settle);
    settle = setTimeout(() => (words.textContent = data.label), 3000);
  };

  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      tell("Copied", "The link is copied.");
    } catch {
      field.hidden = false; // no clipboard without https: select it, so that Ctrl+C copies it
      field.value = location.href;
      field.select();
      tell(data.label, "The link is selected: copy it with Ctrl+C.");
    }
  };
  return () => clearTimeout(settle);
}
