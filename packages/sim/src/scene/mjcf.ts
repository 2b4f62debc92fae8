/** Writing MJCF: one function per tag would be 100 functions, so there is one for all. */

type Value = string | number | boolean | readonly number[];
export type Attributes = Readonly<Record<string, Value | undefined>>;

/** One MJCF element; undefined attributes are left out, arrays are joined by spaces. */
export function el(tag: string, attributes: Attributes, ...children: readonly string[]): string {
  const parts = [tag];
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) parts.push(`${name}="${textOf(value)}"`);
  }
  const head = parts.join(" ");
  return children.length === 0 ? `<${head}/>\n` : `<${head}>\n${children.join("")}</${tag}>\n`;
}

function textOf(value: Value): string {
  if (typeof value === "number") return number(value);
  if (typeof value === "object") return value.map(number).join(" ");
  return String(value);
}

/** Seven digits: well under a micrometre, and the text does not depend on the last bit of a drawn number. */
function number(value: number): string {
  return String(Number(value.toPrecision(7)));
}
