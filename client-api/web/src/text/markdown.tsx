// Markdown to elements, by its syntax tree: what is not named here is shown as the text it is, so
// no text of others becomes HTML.
import type { Nodes, Parents, Table, TableRow } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmAutolinkLiteralFromMarkdown } from "mdast-util-gfm-autolink-literal";
import { gfmStrikethroughFromMarkdown } from "mdast-util-gfm-strikethrough";
import { gfmTableFromMarkdown } from "mdast-util-gfm-table";
import { gfmAutolinkLiteral } from "micromark-extension-gfm-autolink-literal";
import { gfmStrikethrough } from "micromark-extension-gfm-strikethrough";
import { gfmTable } from "micromark-extension-gfm-table";
import type { ComponentChild, ComponentChildren } from "preact";
import { insidePath, go } from "../app/router.js";
import { CodeBlock } from "../components/code-block.js";
import { TableBlock } from "../components/table-block.js";

/** Longer texts are shown as they are: reading Markdown may take more than proportional time. */
const MARKDOWN_MAX = 20_000;
/** Quotes and lists in each other beyond this depth are shown as text. */
const DEPTH_MAX = 24;
/** In texts with more of their signs there are no tables: reading them takes more than its time. */
const PIPES_MAX = 2_000;
/** Signs of deep nesting in a row, such as `>>>>`, that no person writes. */
const NESTED = /(?:[>*_~[(+-]\s?){60}/;

/** Draws a run of plain text, such as with mentions in it. */
export type DrawText = (text: string) => ComponentChild;

/** Extensions: `~~struck~~`, and links without signs. No HTML, no code by indentation. */
const OPTIONS = {
  extensions: [
    gfmStrikethrough({ singleTilde: false }),
    gfmAutolinkLiteral(),
    { disable: { null: ["htmlFlow", "htmlText", "codeIndented", "setextUnderline"] } },
  ],
  mdastExtensions: [gfmStrikethroughFromMarkdown(), gfmAutolinkLiteralFromMarkdown()],
};

const WITH_TABLES = {
  extensions: [...OPTIONS.extensions, gfmTable()],
  mdastExtensions: [...OPTIONS.mdastExtensions, gfmTableFromMarkdown()],
};

/** The elements of a text in Markdown. */
export function renderMarkdown(source: string, drawText: DrawText): ComponentChildren {
  if (source.length > MARKDOWN_MAX || NESTED.test(source)) return renderPlain(source, drawText);
  try {
    const pipes = source.split("|", PIPES_MAX + 2).length - 1;
    const options = pipes > PIPES_MAX ? OPTIONS : WITH_TABLES;
    return children(fromMarkdown(source, options), { drawText, source, depth: 0 });
  } catch {
    return renderPlain(source, drawText);
  }
}

/** The elements of a plain text: its lines, and nothing else. */
export function renderPlain(source: string, drawText: DrawText): ComponentChildren {
  return <p class="plain">{drawText(source)}</p>;
}

interface Around {
  drawText: DrawText;
  source: string;
  depth: number;
}

function children(parent: Parents, around: Around): ComponentChild[] {
  const within = { ...around, depth: around.depth + 1 };
  return mentionsWhole(parent.children).map((node) => element(node, within));
}

/** `@name@domain` is a mention: what was taken for an address of mail in it becomes text again. */
function mentionsWhole(nodes: readonly Nodes[]): Nodes[] {
  const whole: Nodes[] = [];
  for (const node of nodes) {
    const last = whole.at(-1);
    const isMail = node.type === "link" && node.url.startsWith("mailto:");
    const follows = last?.type === "text" && (isMail ? last.value.endsWith("@")
      : node.type === "text");
    const text = node.type === "text" ? node.value
      : isMail && node.children[0]?.type === "text" ? node.children[0].value : "";
    if (follows && text) whole[whole.length - 1] = { ...last, value: last.value + text };
    else whole.push(node);
  }
  return whole;
}

function element(node: Nodes, around: Around): ComponentChild {
  if (around.depth > DEPTH_MAX) return sourceOf(node, around);
  switch (node.type) {
    case "text":
      return around.drawText(node.value);
    case "paragraph":
      return <p>{children(node, around)}</p>;
    case "emphasis":
      return <em>{children(node, around)}</em>;
    case "strong":
      return <strong>{children(node, around)}</strong>;
    case "delete":
      return <del>{children(node, around)}</del>;
    case "inlineCode":
      return <code>{node.value}</code>;
    case "code":
      return <CodeBlock text={node.value} language={node.lang ?? ""} />;
    case "break":
      return <br />;
    case "blockquote":
      return <blockquote>{children(node, around)}</blockquote>;
    case "heading":
      return <p class={`heading level-${node.depth}`}>{children(node, around)}</p>;
    case "thematicBreak":
      return <hr />;
    case "list":
      return node.ordered ? <ol start={node.start ?? 1}>{children(node, around)}</ol>
        : <ul>{children(node, around)}</ul>;
    case "listItem":
      return <li>{children(node, around)}</li>;
    case "link":
      return <SafeLink href={node.url}>{children(node, around)}</SafeLink>;
    case "table":
      return table(node, around);
    case "image":
      return <SafeLink href={node.url}>{node.alt || node.url}</SafeLink>;
    default:
      return sourceOf(node, around);
  }
}

function table(node: Table, around: Around): ComponentChild {
  const [head, ...rows] = node.children;
  if (!head) return null;
  const columns = head.children.length;
  const cells = (row: TableRow) => row.children.slice(0, columns).map((cell, at) =>
    ({ align: node.align?.[at] ?? null, content: children(cell, around) }));
  return <TableBlock head={cells(head)} rows={rows.map(cells)} />;
}

function sourceOf(node: Nodes, { source, drawText }: Around): ComponentChild {
  const { start, end } = node.position ?? {};
  return drawText(source.slice(start?.offset ?? 0, end?.offset ?? 0));
}

/** A link to the web or to mail; to anywhere else it is its text. */
export function SafeLink({ href, children }: { href: string; children: ComponentChildren }) {
  const safe = safeHref(href);
  if (!safe) return <span>{children}</span>;
  const inside = insidePath(safe);
  if (inside) {
    return (
      <a href={inside} onClick={(event) => {
        event.preventDefault();
        go(inside);
      }}>{children}</a>
    );
  }
  return <a href={safe} target="_blank" rel="noopener noreferrer nofollow">{children}</a>;
}

export function safeHref(href: string): string | undefined {
  try {
    const url = new URL(href);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}
