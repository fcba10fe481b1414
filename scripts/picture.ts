/**
 * Draws what a command prints as a terminal window, in SVG: `npm start -- --once | node scripts/run.mjs scripts/picture.ts > docs/picture.svg`.
 * Reads standard input; lines that npm and the command print before the table are left out.
 */
import { readFileSync } from "node:fs"

const characterWidth = 7.2
const lineHeight = 16
const margin = 18

const text = readFileSync(0, "utf8").trimEnd().split("\n")
const first = Math.max(
  text.findIndex((line) => /^ +IP +sent/.test(line)),
  0,
)
const end = text.findIndex((line) => line.startsWith("What next"))
const lines = text.slice(first, end < 0 ? undefined : end)
while (lines.at(-1)?.trim() === "") lines.pop()
const columns = Math.max(...lines.map((line) => line.length))
const width = Math.ceil(columns * characterWidth + 2 * margin)
const height = lines.length * lineHeight + 2 * margin + 18

const rows = lines.map((line, index) => {
  const y = margin + 30 + index * lineHeight
  const heading = /^\S/.test(line) || index === 0
  return `<text x="${margin}" y="${y}" xml:space="preserve"${heading ? ' font-weight="bold" fill="#e6edf3"' : ""}>${escapeXml(line)}</text>`
})

process.stdout.write(
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="The table that npm start prints">
<rect width="100%" height="100%" rx="10" fill="#0d1117"/>
<circle cx="20" cy="18" r="5.5" fill="#ff5f57"/><circle cx="38" cy="18" r="5.5" fill="#febc2e"/><circle cx="56" cy="18" r="5.5" fill="#28c840"/>
<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="12" fill="#b6c2cf">
${rows.join("\n")}
</g>
</svg>
`,
)

function escapeXml(line: string): string {
  return line.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
}
