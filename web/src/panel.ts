// What stands beside the pictures: how far it is, what was found, the model, what to take away.
import type { Model, Notice, Series, State } from './api'
import { resultUrl } from './api'
import { make } from './dom'
import { number, percent, stage, told, word } from './words'

export type Acts = {
  choose: (series: string) => void
  make: (model: string) => void
  cancel: () => void
  takeView: () => void
}

const severity = (notice: Notice) => (notice.severity === 'info' ? 'info' : notice.severity === 'error' ? 'error' : 'warning')

function sentence(notice: Notice): HTMLElement {
  const remedy = told(notice.remedy)
  return make('p', { class: `notice ${severity(notice)}` },
    make('strong', {}, word(severity(notice))), told(notice.text).replace(/\.?$/, '. '),
    ...(remedy ? [make('span', { class: 'remedy' }, word('what') + remedy)] : []))
}

export function stateSection(state: State, sent: number | null, acts: Acts): Node[] {
  if (sent !== null) return [busy(`${word('sending')} · ${percent(sent)}`, sent, acts)]
  switch (state.phase) {
    case 'looking':
    case 'queued':
    case 'working': {
      const where = state.stage ? ` · ${stage(state.stage)} ${percent(state.fraction)}` : ''
      return [busy(word(state.phase) + where, state.fraction, acts)]
    }
    case 'choosing':
      return [make('p', {}, word('choosing')), ...(state.found?.series ?? []).filter((one) => one.usable).map((one) =>
        make('button', { type: 'button', class: 'choice', click: () => acts.choose(one.key) }, describe(one)))]
    case 'refused':
    case 'failed':
      return [make('p', { class: 'refusal' }, word(state.phase)), ...(state.refusal ? [sentence(state.refusal)] : [])]
    default:
      return [make('p', {}, word(state.phase))]
  }
}

function busy(text: string, part: number, acts: Acts): HTMLElement {
  return make('div', { class: 'busy' }, make('label', { for: 'progress' }, text),
    make('progress', { id: 'progress', max: 1, value: part }),
    make('button', { type: 'button', click: acts.cancel }, word('cancel')))
}

function describe(one: Series): string {
  const parts = [one.modality, one.number && `#${one.number}`, one.description, `${one.images} ${word('images')}`,
    `${one.columns}×${one.rows}`, one.slice_thickness_mm ? `${number(one.slice_thickness_mm, 1)} mm` : '', one.kernel]
  return parts.filter(Boolean).join(' · ')
}

export function findingsSection(state: State): Node[] {
  const all = [...(state.result?.notices ?? state.notices), ...(state.found?.notices ?? [])]
  const seen = new Set<string>()
  const notices = all.filter((one) => !seen.has(one.text.en) && seen.add(one.text.en))
  const parts: Node[] = [make('h2', {}, word('findings'))]
  if (notices.length === 0 && state.volumes.length > 0) parts.push(make('p', {}, word('noFindings')))
  parts.push(...notices.map(sentence))
  if (state.found !== null) {
    const rows = [...state.found.series, ...state.found.dropped].map((one) => {
      const mark = one.key === state.chosen ? ` (${word('used')})` : one.usable ? '' : ` (${word('unusable')})`
      return make('li', {}, describe(one) + mark, ...one.notices.filter((n) => n.severity === 'error').map(sentence))
    })
    parts.push(make('details', {}, make('summary', {}, `${word('series')}: ${rows.length}`), make('ul', {}, ...rows)))
  }
  return parts
}

export function modelSection(state: State, models: Model[], chosen: string, acts: Acts, choose: (name: string) => void): Node[] {
  const model = models.find((one) => one.name === chosen) ?? models[0]
  if (model === undefined) return []
  const select = make('select', { id: 'model-choice', change: () => choose(select.value) },
    ...models.map((one) => make('option', { value: one.name, selected: one.name === model.name }, `${one.name} ${one.version}`)))
  const idle = ['ready', 'done', 'failed'].includes(state.phase) && state.volumes.includes('ct')
  return [
    make('h2', {}, make('label', { for: 'model-choice' }, word('model'))),
    make('p', {}, select, ' ', make('button', { type: 'button', id: 'make', class: 'main', disabled: !idle, click: () => acts.make(model.name) },
      word(state.phase === 'done' ? 'again' : 'make'))),
    make('div', { class: 'cannot' }, make('h3', {}, word('cannot')), make('p', {}, told(model.limitations))),
    make('details', {}, make('summary', {}, word('intended')), make('p', {}, told(model.intended_use))),
    make('details', {}, make('summary', {}, word('trained')), ...model.trained_on.map((one) => make('p', {}, told(one)))),
    make('details', {}, make('summary', {}, word('interval')), make('p', {}, model.interval ? told(model.interval) : word('noInterval'))),
    make('details', {}, make('summary', {}, word('card')), make('pre', { lang: 'en', tabindex: 0 }, model.card)),
  ]
}

export function takeSection(state: State, acts: Acts): Node[] {
  if (state.phase !== 'done' || state.result === null) return []
  const link = (name: string, text: string) =>
    make('li', {}, make('a', { href: resultUrl(state.id, name), download: `synthetic-${name}` }, text))
  const { result } = state
  const bounds = result.coverage === null ? [] : [
    link('pet_low.nii.gz', `${word('niftiFile')} – ${word('low')}`), link('pet_high.nii.gz', `${word('niftiFile')} – ${word('high')}`)]
  return [
    make('h2', {}, word('take')),
    make('ul', {}, ...(result.dicom ? [link('dicom.zip', word('dicomZip'))] : []), link('pet.nii.gz', word('niftiFile')), ...bounds,
      link('preview.png', word('preview')), link('run.json', word('record')),
      make('li', {}, make('button', { type: 'button', id: 'take-view', click: acts.takeView }, word('viewPng')))),
    make('p', { class: 'small' }, `${result.model} ${result.model_version} · ctpet ${result.ctpet_version} · SUVmax ${number(result.suv_max, 2)} · ${number(result.seconds, 1)} s`),
    make('p', { class: 'small' }, word('viewers')),
  ]
}
