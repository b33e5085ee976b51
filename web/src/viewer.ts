// The linked pictures: one column of three planes for each of CT, PET, fusion, and measured PET.
import { DRAG_MODE, NVImage, Niivue, SLICE_TYPE } from '@niivue/niivue'
import type { Point } from './api'

export type Kind = 'ct' | 'pet' | 'fusion' | 'measured'
export type Layout = 'planes' | 'axial' | 'coronal' | 'sagittal'
export type Colours = { name: string; inverted: boolean }

const { AXIAL, CORONAL, SAGITTAL } = SLICE_TYPE
const LAYOUTS: Record<Layout, Parameters<Niivue['setCustomLayout']>[0]> = {
  planes: [
    { sliceType: AXIAL, position: [0, 0, 1, 0.3] },
    { sliceType: CORONAL, position: [0, 0.3, 1, 0.35] },
    { sliceType: SAGITTAL, position: [0, 0.65, 1, 0.35] },
  ],
  axial: [{ sliceType: AXIAL, position: [0, 0, 1, 1] }],
  coronal: [{ sliceType: CORONAL, position: [0, 0, 1, 1] }],
  sagittal: [{ sliceType: SAGITTAL, position: [0, 0, 1, 1] }],
}
const MOST_ZOOM = 8

class Column {
  readonly nv: Niivue

  constructor(readonly kind: Kind, readonly canvas: HTMLCanvasElement) {
    this.nv = new Niivue({
      backColor: [0, 0, 0, 1],
      crosshairColor: [1, 0.82, 0.29, 0.8],
      crosshairWidth: 1,
      crosshairGap: 12,
      isColorbar: false,
      isRadiologicalConvention: true,
      isOrientationTextVisible: true,
      isCornerOrientationText: false,
      sagittalNoseLeft: true,
      show3Dcrosshair: false,
      dragAndDropEnabled: false,
      loadingText: '',
      viewModeHotKey: '',
      clipPlaneHotKey: '',
      cycleClipPlaneHotKey: '',
      logLevel: 'silent',
      mouseEventConfig: {
        leftButton: { primary: DRAG_MODE.crosshair, withShift: DRAG_MODE.measurement },
        rightButton: DRAG_MODE.windowing,
        centerButton: DRAG_MODE.pan,
      },
    })
  }
}

/** All columns, moved together. */
export class Viewer {
  private columns: Column[] = []
  private layout: Layout = 'planes'
  moved: (ras: Point) => void = () => {}
  windowed: (kind: Kind, low: number, high: number) => void = () => {}

  async open(canvases: [Kind, HTMLCanvasElement][]): Promise<void> {
    this.columns = canvases.map(([kind, canvas]) => new Column(kind, canvas))
    for (const { nv, canvas, kind } of this.columns) {
      await nv.attachToCanvas(canvas)
      nv.setCustomLayout(LAYOUTS[this.layout])
      nv.onLocationChange = (told) => this.moved([...(told as { mm: number[] }).mm].slice(0, 3) as Point)
      nv.onIntensityChange = (image) => this.windowed(kind, image.cal_min ?? 0, image.cal_max ?? 0)
    }
    for (const { nv } of this.columns) {
      nv.broadcastTo(this.columns.filter((other) => other.nv !== nv).map((other) => other.nv), { '2d': true, '3d': false })
    }
  }

  /** Shows a volume in a column, over those that it holds, or in their place. */
  async show(kind: Kind, bytes: ArrayBuffer, name: string, place: 'alone' | 'over'): Promise<void> {
    const column = this.column(kind)
    if (column === undefined) return
    const { nv } = column
    const ras = this.place()
    const image = await NVImage.loadFromUrl({ url: bytes, name: `${name}.nii` })
    while (nv.volumes.length > (place === 'alone' ? 0 : 1)) nv.removeVolumeByIndex(nv.volumes.length - 1)
    nv.addVolume(image)
    if (ras !== null) this.go(ras)
  }

  window(kinds: Kind[], index: number, low: number, high: number): void {
    this.each(kinds, index, (image, nv) => {
      image.cal_min = low
      image.cal_max = high
      nv.updateGLVolume()
    })
  }

  colours(kind: Kind, index: number, colours: Colours): void {
    this.each([kind], index, (image, nv) => {
      image.colormapInvert = colours.inverted
      nv.setColormap(image.id, colours.name)
      nv.opts.backColor = colours.inverted ? [1, 1, 1, 1] : [0, 0, 0, 1]
      nv.opts.fontColor = colours.inverted ? [0.1, 0.1, 0.1, 1] : [0.9, 0.9, 0.9, 1]
      nv.updateGLVolume()
    })
  }

  fuse(share: number): void {
    const nv = this.column('fusion')?.nv
    if (nv !== undefined && nv.volumes.length > 1) nv.setOpacity(1, share)
  }

  arrange(layout: Layout): void {
    this.layout = layout
    for (const { nv } of this.columns) {
      nv.setCustomLayout(LAYOUTS[layout])
      nv.drawScene()
    }
  }

  /** Where the crosshair is, RAS mm. */
  place(): Point | null {
    const nv = this.columns.find(({ nv }) => nv.volumes.length > 0)?.nv
    return nv === undefined ? null : ([...nv.frac2mm(nv.scene.crosshairPos)].slice(0, 3) as Point)
  }

  go(ras: Point): void {
    for (const { nv } of this.columns) {
      if (nv.volumes.length === 0) continue
      nv.scene.crosshairPos = nv.mm2frac(ras)
      nv.drawScene()
    }
    this.moved(ras)
  }

  /** Moves by voxels of the CT, in its axes turned to right, anterior, superior. */
  step(right: number, anterior: number, superior: number): void {
    const nv = this.columns.find(({ nv }) => nv.volumes.length > 0)?.nv
    if (nv === undefined) return
    nv.moveCrosshairInVox(right, anterior, superior)
    this.go([...nv.frac2mm(nv.scene.crosshairPos)].slice(0, 3) as Point)
  }

  zoom(by: number): void {
    for (const { nv } of this.columns) {
      const [x, y, z, zoom] = [...nv.scene.pan2Dxyzmm] as [number, number, number, number]
      const ras = by === 0 ? [0, 0, 0] : [x, y, z]
      nv.setPan2Dxyzmm([ras[0]!, ras[1]!, ras[2]!, by === 0 ? 1 : Math.min(Math.max(zoom * by, 1), MOST_ZOOM)])
    }
  }

  /** Draws each column now, so that its canvas can be copied in the same turn. */
  pictures(): HTMLCanvasElement[] {
    return this.columns.map(({ nv, canvas }) => {
      nv.drawScene()
      return canvas
    })
  }

  private column(kind: Kind): Column | undefined {
    return this.columns.find((one) => one.kind === kind)
  }

  private each(kinds: Kind[], index: number, act: (image: NVImage, nv: Niivue) => void): void {
    for (const { kind, nv } of this.columns) {
      const image = nv.volumes[index]
      if (kinds.includes(kind) && image !== undefined) act(image, nv)
    }
  }
}
