// What the server is asked, typed as its OpenAPI says.
export type Told = { en: string; vi: string }
export type Notice = { code: string; severity: string; text: Told; remedy: Told }
export type VolumeName = 'ct' | 'pet' | 'low' | 'high' | 'measured'
export type Phase =
  | 'receiving' | 'looking' | 'choosing' | 'ready' | 'queued' | 'working' | 'done' | 'refused' | 'failed'
export type Series = {
  key: string; modality: string; number: string; description: string; kernel: string
  images: number; rows: number; columns: number; spacing_mm: number[]
  slice_thickness_mm: number | null; usable: boolean; notices: Notice[]
}
export type Made = {
  model: string; model_version: string; model_digest: string; ctpet_version: string
  suv_max: number; seconds: number; coverage: number | null; dicom: boolean; notices: Notice[]
}
export type State = {
  id: string; version: number; phase: Phase; files: number; bytes: number; stage: string; fraction: number
  found: { series: Series[]; dropped: Series[]; notices: Notice[] } | null
  chosen: string | null; volumes: VolumeName[]; notices: Notice[]; refusal: Notice | null
  model: string | null; result: Made | null
}
export type Model = {
  name: string; version: string; kind: Told; tracer: string; intended_use: Told; limitations: Told
  trained_on: Told[]; interval: Told | null; digest: string; default: boolean; card: string
}
export type Uptake = { voxels: number; volume_ml: number; suv_mean: number; suv_max: number; suv_peak_global: number }
export type Measured = { uptake: Partial<Record<VolumeName, Uptake>>; hu: { mean: number; sd: number } | null }
export type Point = [number, number, number]

/** What the server says no with, in both languages. */
export class Refused extends Error {
  constructor(readonly status: number, readonly notice: Notice) {
    super(notice.text.en)
  }
}

const OWN = { 'X-Ctpet': '1' }
const UNREACHED: Notice = {
  code: 'unreached', severity: 'error', remedy: { en: '', vi: '' },
  text: {
    en: 'The server does not answer. See whether it still runs.',
    vi: 'Máy chủ không trả lời. Hãy kiểm tra xem nó còn chạy không.',
  },
}

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  const binary = body instanceof Blob
  const headers: Record<string, string> = { ...OWN }
  if (body !== undefined && !binary) headers['Content-Type'] = 'application/json'
  const sent = body === undefined ? null : binary ? body : JSON.stringify(body)
  let answer: Response
  try {
    answer = await fetch(`api/${path}`, { method, headers, body: sent, cache: 'no-store' })
  } catch {
    throw new Refused(0, UNREACHED)
  }
  if (!answer.ok) {
    const told: Partial<Notice> = await answer.json().catch(() => ({}))
    throw new Refused(answer.status, told.text ? (told as Notice) : { ...UNREACHED, code: told.code ?? 'unreached' })
  }
  return answer
}

const json = async <T>(method: string, path: string, body?: unknown): Promise<T> => (await ask(method, path, body)).json()

export const session = () => json<{ version: string; token_needed: boolean }>('GET', 'session')
export const login = (token: string) => ask('POST', 'login', { token })
export const models = () => json<Model[]>('GET', 'models')
export const openStudy = () => json<State>('POST', 'studies')
export const send = (id: string, number: number, file: Blob) => ask('PUT', `studies/${id}/files/${number}`, file)
export const look = (id: string, series: string | null) => json<State>('POST', `studies/${id}/look`, { series })
export const make = (id: string, model: string) => json<State>('POST', `studies/${id}/job`, { model })
export const cancel = (id: string) => json<State>('DELETE', `studies/${id}/job`)
export const erase = (id: string) => ask('DELETE', `studies/${id}`)
export const state = (id: string) => json<State>('GET', `studies/${id}`)
export const sphere = (id: string, centre_mm: Point, radius_mm: number) =>
  json<Measured>('POST', `studies/${id}/sphere`, { centre_mm, radius_mm })
export const volume = async (id: string, name: VolumeName) => (await ask('GET', `studies/${id}/volumes/${name}`)).arrayBuffer()
export const resultUrl = (id: string, name: string) => `api/studies/${id}/results/${name}`

/** Calls back with each state of a study, until the returned function is called. */
export function follow(id: string, told: (state: State) => void, gone: () => void): () => void {
  const events = new EventSource(`api/studies/${id}/events`)
  events.onmessage = (event) => told(JSON.parse(event.data))
  events.addEventListener('gone', () => {
    events.close()
    gone()
  })
  return () => events.close()
}
