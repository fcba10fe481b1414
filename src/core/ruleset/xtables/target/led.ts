import { CONTINUE } from "../../runtime.js"
import type { Extension, ValueSpec } from "../extension.js"
import { quoteWord } from "../quote.js"
import { number } from "../value-number.js"
import { text } from "../value-text.js"

const milliseconds = number({ maximum: 0xffffffff })

const delay: ValueSpec = {
  shape: "milliseconds, or inf",
  parse: (word, family) => (word === "inf" ? -1 : milliseconds.parse(word, family)),
  print: (value) => (value === -1 ? "inf" : String(value)),
}

export const led: Extension = {
  name: "LED",
  role: "target",
  families: [4, 6],
  options: [
    {
      name: "led-trigger-id",
      value: {
        ...text({ maximum: 26 }),
        print: (value) =>
          quoteWord(String(value)).startsWith('"') ? quoteWord(String(value)) : `"${String(value)}"`,
      },
      required: true,
    },
    { name: "led-delay", value: delay },
    { name: "led-always-blink" },
  ],
  normal: (options) => options.filter(({ name, value }) => name !== "led-delay" || value !== 0),
  compile: () => () => CONTINUE,
  manual: { title: "iptables: LED", text: "Blinks.", example: "accept" },
}
