// Reads a study as a person does: node read.mjs ORIGIN FILE SHOTS; tells what it saw as JSON.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { browse } from './browser.mjs'

const [origin, file, shots] = process.argv.slice(2)
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

async function violations(page) {
  await page.evaluate(axe)
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
  const found = await page.evaluate((values) => globalThis.axe.run({ runOnly: { type: 'tag', values } }), tags)
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`)
}

const seen = await browse(origin, async (context) => {
  const page = await context.newPage()
  const shot = (name) => page.screenshot({ path: join(shots, `${name}.png`) })
  await page.goto(`${origin}/`)
  await page.waitForSelector('#start:not([hidden])')
  const violated = { start: await violations(page) }
  await shot('start')
  await page.setInputFiles('#files', file)
  await page.waitForSelector('body[data-phase=ready]')
  await page.waitForSelector('body[data-shown~=ct]')
  await page.click('#make')
  await page.waitForSelector('body[data-phase=working], body[data-phase=done]')
  await page.reload()
  await page.waitForSelector('body[data-phase=done]', { timeout: 300_000 })
  await page.waitForSelector('body[data-shown~=pet]')
  await page.keyboard.press('PageUp')
  const readout = await page.textContent('#readout')
  await page.keyboard.press('w')
  const lung = await page.inputValue('#ct-window')
  await page.keyboard.press('r')
  await page.waitForSelector('#measured')
  const sphere = await page.textContent('#measured tbody tr')
  violated.study = await violations(page)
  await shot('study')
  const waiting = page.waitForEvent('download')
  await page.click('#take-view')
  await (await waiting).saveAs(join(shots, 'view.png'))
  await page.keyboard.press('l')
  const [banner, marks] = [await page.textContent('#banner'), await page.locator('.mark:visible').allTextContents()]
  violated.vietnamese = await violations(page)
  await shot('vi')
  await page.click('#new-study')
  await page.waitForSelector('#start:not([hidden])')
  return { readout, lung, sphere, banner, marks, violated, title: await page.title(), url: page.url(), kept: await page.evaluate(() => localStorage.length + sessionStorage.length) }
})
console.log(JSON.stringify(seen))
