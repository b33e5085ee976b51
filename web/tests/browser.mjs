// Debian's chromium as a test drives it: without network beyond the page's own origin.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--no-first-run', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
]

/** Opens a browser, gives it to a function, and closes it; returns what the function does, and what went wrong. */
export async function browse(origin, act, { locale = 'en-GB', viewport = { width: 1366, height: 768 } } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'ctpet-browser-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium', headless: true, args: FLAGS, locale, viewport, acceptDownloads: true, ignoreHTTPSErrors: true,
  })
  const foreign = []
  const errors = []
  context.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:') && !url.startsWith('blob:')) foreign.push(url)
  })
  context.on('weberror', (error) => errors.push(String(error.error())))
  context.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  try {
    return { ...(await act(context)), foreign, errors }
  } finally {
    await context.close()
    rmSync(profile, { recursive: true, force: true })
  }
}
