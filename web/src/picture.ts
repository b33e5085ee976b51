// The view as a PNG, with the warning burned in along its edges, whatever is shown.
const EDGE = 26

export async function pictureOf(canvases: HTMLCanvasElement[], captions: string[], warning: string): Promise<Blob> {
  const high = Math.max(...canvases.map((one) => one.height))
  const wide = canvases.map((one) => (one.height === high ? one.width : Math.round((one.width * high) / one.height)))
  const sheet = document.createElement('canvas')
  sheet.width = wide.reduce((sum, one) => sum + one, 0) + EDGE * 2
  sheet.height = high + EDGE * 3
  const pen = sheet.getContext('2d')!
  pen.fillStyle = '#101214'
  pen.fillRect(0, 0, sheet.width, sheet.height)
  let x = EDGE
  canvases.forEach((canvas, n) => {
    pen.drawImage(canvas, x, EDGE * 2, wide[n]!, high)
    pen.fillStyle = '#ffffff'
    pen.font = '14px sans-serif'
    pen.fillText(captions[n]!, x + 4, EDGE * 2 - 8)
    x += wide[n]!
  })
  for (const [turn, length, at] of [[0, sheet.width, 0], [0, sheet.width, sheet.height - EDGE], [-Math.PI / 2, sheet.height, 0], [-Math.PI / 2, sheet.height, sheet.width - EDGE]] as const) {
    pen.save()
    if (turn !== 0) pen.translate(at, sheet.height)
    else pen.translate(0, at)
    pen.rotate(turn)
    pen.fillStyle = '#b00000'
    pen.fillRect(0, 0, length, EDGE)
    pen.fillStyle = '#ffffff'
    pen.font = 'bold 15px sans-serif'
    const step = pen.measureText(`${warning}   `).width
    for (let from = 6; from < length; from += step) pen.fillText(warning, from, 18)
    pen.restore()
  }
  return new Promise((take, fail) => sheet.toBlob((blob) => (blob ? take(blob) : fail(new Error('no picture'))), 'image/png'))
}
