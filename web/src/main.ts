// The page: which of its parts is seen, and what its buttons do.
import * as api from './api'
import type { Model, State } from './api'
import { make, the } from './dom'
import { findingsSection, modelSection, stateSection, takeSection, type Acts } from './panel'
import { Reading } from './reading'
import { dropped, sendAll } from './sending'
import './style.css'
import { type Word, current, speak, told, word } from './words'

const KEYS: Word[] = ['keyScroll', 'keyMove', 'keyWindow', 'keyPan', 'keyRuler', 'keyZoom', 'keyLayout', 'keyCt', 'keyColours', 'keyFuse', 'keyTurn', 'keyRoi', 'keyLanguage']

let models: Model[] = []
let model = ''
let state: State | null = null
let reading: Reading | null = null
let sent: number | null = null
let stopSending = new AbortController()
let unfollow = () => {}

const acts: Acts = {
  choose: (series) => attempt(async () => state && update(await api.look(state.id, series))),
  make: (name) => attempt(async () => state && update(await api.make(state.id, name))),
  cancel: () => attempt(async () => {
    stopSending.abort()
    if (sent === null && state) update(await api.cancel(state.id))
    else await close()
  }),
  takeView: () => attempt(async () => {
    if (reading === null) return
    const url = URL.createObjectURL(await reading.picture())
    make('a', { href: url, download: 'synthetic-view.png' }).click()
    setTimeout(() => URL.revokeObjectURL(url), 10_000)
  }),
}

/** Does something; what the server refuses is told where the eye is. */
async function attempt(act: () => Promise<unknown>): Promise<void> {
  const place = the(the('start').hidden ? (the('login').hidden ? 'state' : 'login-error') : 'start-error')
  try {
    await act()
  } catch (error) {
    const text = error instanceof api.Refused ? told(error.notice.text) : String(error)
    place.replaceChildren(make('p', { class: 'notice error' }, make('strong', {}, word('error')), text))
    if (error instanceof api.Refused && error.status === 404) await close()
  }
}

function see(part: 'login' | 'start' | 'study'): void {
  for (const id of ['login', 'start', 'study']) the(id).hidden = id !== part
  the('new-study').hidden = part !== 'study'
}

function update(now: State): void {
  if (state !== null && now.version < state.version) return
  state = now
  document.body.dataset.phase = now.phase
  draw()
  void attempt(async () => reading?.take(now))
}

function draw(): void {
  if (state === null) return
  the('state').replaceChildren(...stateSection(state, sent, acts))
  the('findings').replaceChildren(...findingsSection(state))
  the('model').replaceChildren(...modelSection(state, models, model, acts, (name) => {
    model = name
    draw()
  }))
  the('take').replaceChildren(...takeSection(state, acts))
  the('keys').replaceChildren(...KEYS.map((key) => make('dd', {}, word(key))))
}

function open(now: State): void {
  location.hash = now.id
  reading = new Reading(now.id)
  state = null
  see('study')
  update(now)
  unfollow = api.follow(now.id, update, () => void close('gone'))
}

async function close(why?: Word): Promise<void> {
  unfollow()
  const closed = state
  state = reading = sent = null
  history.replaceState(null, '', location.pathname)
  document.body.removeAttribute('data-phase')
  document.body.removeAttribute('data-shown')
  the('columns').replaceChildren()
  the('tools').replaceChildren()
  see('start')
  the('start-error').textContent = why ? word(why) : ''
  if (closed !== null && why !== 'gone') await api.erase(closed.id).catch(() => {})
}

async function receive(files: File[]): Promise<void> {
  if (files.length === 0) return
  the('start-error').textContent = ''
  await attempt(async () => {
    const study = await api.openStudy()
    stopSending = new AbortController()
    sent = 0
    open(study)
    await sendAll(study.id, files, (part) => {
      sent = part
      if (state !== null) the('state').replaceChildren(...stateSection(state, sent, acts))
    }, stopSending.signal)
    sent = null
    if (!stopSending.signal.aborted) update(await api.look(study.id, null))
  })
}

function listen(): void {
  const drop = the('drop')
  document.addEventListener('dragover', (event) => {
    event.preventDefault()
    drop.classList.add('over')
  })
  document.addEventListener('dragleave', () => drop.classList.remove('over'))
  document.addEventListener('drop', (event) => {
    event.preventDefault()
    drop.classList.remove('over')
    if (event.dataTransfer && !the('start').hidden) void dropped(event.dataTransfer).then(receive)
  })
  for (const id of ['folder', 'files']) {
    const input = the<HTMLInputElement>(id)
    input.addEventListener('change', () => {
      const files = [...(input.files ?? [])]
      input.value = ''
      void receive(files)
    })
  }
  the('new-study').addEventListener('click', () => void close())
  the('language').addEventListener('click', otherLanguage)
  the('help-button').addEventListener('click', () => the<HTMLDialogElement>('help').showModal())
  the('login-form').addEventListener('submit', (event) => {
    event.preventDefault()
    void attempt(async () => {
      await api.login(the<HTMLInputElement>('token').value)
      await begin()
    })
  })
  document.addEventListener('keydown', key, { capture: true })
}

function otherLanguage(): void {
  speak(current() === 'en' ? 'vi' : 'en')
  draw()
  reading?.relabel()
}

function key(event: KeyboardEvent): void {
  const field = event.target instanceof Element && event.target.closest('input, select, textarea, dialog, pre')
  if (field || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key === '?') the<HTMLDialogElement>('help').showModal()
  else if (event.key.toLowerCase() === 'l') otherLanguage()
  else if (!reading?.key(event.key)) return
  event.preventDefault()
  event.stopPropagation()
}

async function begin(): Promise<void> {
  if ((await api.session()).token_needed) return see('login')
  models = await api.models()
  model = models[0]?.name ?? ''
  const id = location.hash.slice(1)
  const known = id ? await api.state(id).catch(() => null) : null
  if (known !== null) return open(known)
  see('start')
  if (id) await close('gone')
}

speak(current())
listen()
void attempt(begin)
