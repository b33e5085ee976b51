// Stands in for decoders that the page never asks for.
export default class NoCodec {
  static fromConfig(): never {
    throw new Error('the page reads no Zarr')
  }
}
