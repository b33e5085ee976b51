// Files of a drop or a choice, and their way to the server.
import * as api from './api'

const AT_ONCE = 4
const IGNORED = /^(\.|__MACOSX$|Thumbs\.db$|desktop\.ini$)/

/** All files of a drop, those in folders too. */
export async function dropped(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  if (entries.length === 0) return [...transfer.files]
  const files = await Promise.all(entries.map(inside))
  return files.flat()
}

async function inside(entry: FileSystemEntry): Promise<File[]> {
  if (IGNORED.test(entry.name)) return []
  if (entry.isFile) return [await new Promise<File>((take, fail) => (entry as FileSystemFileEntry).file(take, fail))]
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const files: File[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((take, fail) => reader.readEntries(take, fail))
    if (some.length === 0) return files
    files.push(...(await Promise.all(some.map(inside))).flat())
  }
}

/** Sends every file, some at once; stops at the first refusal or when the signal says so. */
export async function sendAll(id: string, files: File[], progress: (part: number) => void, stop: AbortSignal): Promise<void> {
  const wanted = files.filter((file) => !IGNORED.test(file.name))
  const total = wanted.reduce((sum, file) => sum + file.size, 0) || 1
  let next = 0
  let sent = 0
  const sender = async () => {
    while (next < wanted.length && !stop.aborted) {
      const number = next++
      const file = wanted[number]!
      await api.send(id, number + 1, file)
      sent += file.size
      progress(sent / total)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, sender))
}
