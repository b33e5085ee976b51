// The page's own texts, in English and in Vietnamese as radiologists there write.
import type { Told } from './api'

export type Language = 'en' | 'vi'

const WORDS = {
  banner: ['SYNTHETIC – NOT FOR DIAGNOSIS', 'ẢNH TỔNG HỢP – KHÔNG DÙNG ĐỂ CHẨN ĐOÁN'],
  otherLanguage: ['Tiếng Việt', 'English'],
  page: ['Page', 'Trang'],
  help: ['Keys (?)', 'Phím tắt (?)'],
  helpTitle: ['Keys and mouse', 'Phím tắt và chuột'],
  close: ['Close', 'Đóng'],
  newStudy: ['Close study and erase it', 'Đóng và xóa lần chụp'],
  loginTitle: ['This server asks for its token', 'Máy chủ yêu cầu mã truy cập'],
  token: ['Token', 'Mã truy cập'],
  open: ['Open', 'Mở'],
  startTitle: ['Synthetic FDG-PET from a CT', 'FDG-PET tổng hợp từ CT'],
  dropHere: ['Drop a CT here: a folder of DICOM, a zip archive of it, or a NIfTI file', 'Thả CT vào đây: thư mục DICOM, tệp zip, hoặc tệp NIfTI'],
  chooseFolder: ['Choose a folder', 'Chọn thư mục'],
  chooseFiles: ['Choose files or a zip', 'Chọn tệp hoặc zip'],
  stays: [
    'What you send stays on the machine that runs ctpet. It is erased when you close the study, when nobody has looked at it for four hours, and when the server ends.',
    'Dữ liệu gửi lên chỉ nằm trên máy chạy ctpet. Dữ liệu được xóa khi bạn đóng lần chụp, khi không ai xem trong bốn giờ, và khi máy chủ dừng.',
  ],
  meaning: [
    'The picture is a guess from density and anatomy: uptake that CT does not show is missing from it, and uptake it shows may not exist. For research and teaching.',
    'Ảnh là suy đoán từ đậm độ và giải phẫu: vùng bắt thuốc mà CT không thấy sẽ không có trong ảnh, và vùng bắt thuốc có trong ảnh có thể không tồn tại. Chỉ dùng cho nghiên cứu và đào tạo.',
  ],
  about: ['About this study', 'Về lần chụp này'],
  tools: ['How it is shown', 'Cách hiển thị'],
  sending: ['Sending', 'Đang gửi'],
  receiving: ['Files were not all sent. Send the study again.', 'Chưa gửi hết tệp. Hãy gửi lại lần chụp.'],
  looking: ['Reading the study', 'Đang đọc lần chụp'],
  choosing: ['Several CT series could be meant. Choose one:', 'Có nhiều chuỗi CT. Hãy chọn một:'],
  ready: ['The CT is read.', 'Đã đọc CT.'],
  queued: ['Waiting for the studies before it', 'Đang chờ các lần chụp trước'],
  working: ['Making the synthetic PET', 'Đang tạo PET tổng hợp'],
  done: ['The synthetic PET is made.', 'Đã tạo PET tổng hợp.'],
  refused: ['This study is refused.', 'Lần chụp này bị từ chối.'],
  failed: ['It failed.', 'Đã thất bại.'],
  gone: ['This study was erased. Send it again.', 'Lần chụp này đã bị xóa. Hãy gửi lại.'],
  cancel: ['Cancel', 'Hủy'],
  make: ['Make synthetic PET', 'Tạo PET tổng hợp'],
  again: ['Make it again', 'Tạo lại'],
  what: ['What to do: ', 'Cách khắc phục: '],
  findings: ['Findings', 'Các phát hiện'],
  noFindings: ['Nothing was found that changes how this is read.', 'Không phát hiện điều gì làm thay đổi cách đọc ảnh.'],
  warning: ['Mind: ', 'Lưu ý: '],
  error: ['Refused: ', 'Từ chối: '],
  info: ['Note: ', 'Ghi chú: '],
  series: ['Series', 'Chuỗi ảnh'],
  images: ['images', 'ảnh'],
  used: ['used', 'được dùng'],
  unusable: ['cannot be used', 'không dùng được'],
  model: ['Model', 'Mô hình'],
  cannot: ['What this cannot show', 'Những gì ảnh này không thể cho thấy'],
  intended: ['What it is for', 'Mục đích'],
  trained: ['What it has seen', 'Mô hình đã học từ'],
  interval: ['How sure it is', 'Độ chắc chắn'],
  noInterval: ['This model does not say how sure it is.', 'Mô hình này không cho biết độ chắc chắn.'],
  card: ['Whole model card (English)', 'Toàn bộ thẻ mô hình (tiếng Anh)'],
  take: ['Take away', 'Tải xuống'],
  dicomZip: ['DICOM series (zip)', 'Chuỗi DICOM (zip)'],
  niftiFile: ['NIfTI (SUVbw)', 'NIfTI (SUVbw)'],
  preview: ['Preview (PNG)', 'Ảnh xem trước (PNG)'],
  record: ['Record (run.json)', 'Bản ghi (run.json)'],
  viewPng: ['This view (PNG)', 'Hình đang xem (PNG)'],
  viewers: [
    'Some viewers show this series without an SUV scale, because no dose was given. Its values are SUV all the same.',
    'Một số phần mềm hiện chuỗi này không có thang SUV vì không có liều. Giá trị vẫn là SUV.',
  ],
  region: ['Sphere', 'Hình cầu (ROI)'],
  measureHere: ['Measure at the crosshair', 'Đo tại vị trí con trỏ chữ thập'],
  radius: ['Radius, mm', 'Bán kính, mm'],
  volume: ['Volume, mL', 'Thể tích, mL'],
  empty: ['No voxel lies in it.', 'Không có voxel nào nằm trong đó.'],
  ct: ['CT', 'CT'],
  pet: ['Synthetic PET', 'PET tổng hợp'],
  fusion: ['Fusion, synthetic', 'Ảnh chồng, tổng hợp'],
  mip: ['MIP, synthetic', 'MIP, tổng hợp'],
  measured: ['Measured PET', 'PET đo thực tế'],
  low: ['Lower bound', 'Cận dưới'],
  high: ['Upper bound', 'Cận trên'],
  layout: ['Planes', 'Mặt cắt'],
  planes: ['All three', 'Cả ba'],
  axial: ['Axial', 'Cắt ngang'],
  coronal: ['Coronal', 'Đứng ngang'],
  sagittal: ['Sagittal', 'Đứng dọc'],
  ctWindow: ['CT window', 'Cửa sổ CT'],
  soft: ['Soft tissue', 'Mô mềm'],
  lung: ['Lung', 'Phổi'],
  bone: ['Bone', 'Xương'],
  liver: ['Liver', 'Gan'],
  brain: ['Brain', 'Não'],
  free: ['Free', 'Tự chọn'],
  suvMax: ['SUV to', 'SUV đến'],
  colours: ['PET colours', 'Bảng màu PET'],
  inverse: ['Inverse grey', 'Xám đảo'],
  fuse: ['Fusion', 'Tỉ lệ chồng ảnh'],
  petShown: ['PET shown', 'PET hiển thị'],
  turnLeft: ['Turn left', 'Xoay trái'],
  turnRight: ['Turn right', 'Xoay phải'],
  outside: ['outside', 'ngoài ảnh'],
  keyScroll: ['Wheel, or Page Up and Page Down: scroll the plane', 'Con lăn, hoặc Page Up và Page Down: cuộn lát cắt'],
  keyMove: ['Arrow keys: move the crosshair', 'Phím mũi tên: di chuyển con trỏ chữ thập'],
  keyWindow: ['Drag with the right button: window and level', 'Kéo chuột phải: chỉnh cửa sổ'],
  keyPan: ['Drag with the middle button: pan', 'Kéo chuột giữa: dời ảnh'],
  keyRuler: ['Shift and drag: measure a length', 'Shift và kéo: đo chiều dài'],
  keyZoom: ['+ and −: zoom; 0: whole picture', '+ và −: phóng to, thu nhỏ; 0: toàn ảnh'],
  keyLayout: ['1 to 4: three planes, axial, coronal, sagittal', '1 đến 4: ba mặt cắt, cắt ngang, đứng ngang, đứng dọc'],
  keyCt: ['W: next CT window', 'W: cửa sổ CT kế tiếp'],
  keyColours: ['C: next PET colours', 'C: bảng màu PET kế tiếp'],
  keyFuse: ['F and G: less and more PET in the fusion', 'F và G: giảm, tăng PET trong ảnh chồng'],
  keyTurn: ['[ and ]: turn the MIP', '[ và ]: xoay MIP'],
  keyRoi: ['R: measure a sphere at the crosshair', 'R: đo hình cầu tại con trỏ chữ thập'],
  keyLanguage: ['L: other language', 'L: đổi ngôn ngữ'],
  stage_scan: ['finding series', 'tìm các chuỗi ảnh'],
  stage_read: ['reading slices', 'đọc các lát cắt'],
  stage_resample: ['resampling', 'lấy mẫu lại'],
  stage_compile: ['preparing the model', 'chuẩn bị mô hình'],
  stage_predict: ['predicting', 'dự đoán'],
  stage_write: ['writing DICOM', 'ghi DICOM'],
  stage_nifti: ['writing NIfTI', 'ghi NIfTI'],
  stage_preview: ['drawing the preview', 'vẽ ảnh xem trước'],
} as const satisfies Record<string, readonly [string, string]>

export type Word = keyof typeof WORDS

let language: Language = navigator.language.toLowerCase().startsWith('vi') ? 'vi' : 'en'

export const current = (): Language => language
export const word = (name: Word): string => WORDS[name][language === 'en' ? 0 : 1]
export const told = (text: Told): string => text[language]
export const stage = (name: string): string => (`stage_${name}` in WORDS ? word(`stage_${name}` as Word) : name)
export const number = (value: number, digits: number): string =>
  new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value)
export const percent = (part: number): string => new Intl.NumberFormat(language, { style: 'percent' }).format(part)

/** Turns the page's fixed texts into a language. */
export function speak(chosen: Language): void {
  language = chosen
  document.documentElement.lang = chosen
  document.title = `ctpet – ${word('banner')}`
  for (const element of document.querySelectorAll<HTMLElement>('[data-text]')) {
    element.textContent = word(element.dataset.text as Word)
  }
  for (const element of document.querySelectorAll<HTMLElement>('[data-label]')) {
    element.setAttribute('aria-label', word(element.dataset.label as Word))
  }
}
