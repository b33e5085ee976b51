import { defineConfig } from 'vite'

// The built page travels inside the Python package, and loads nothing from elsewhere.
export default defineConfig({
  base: './',
  resolve: {
    // Decoders of compressed Zarr, 1.4 MB: the page is sent NIfTI that is not compressed.
    alias: [{ find: /^numcodecs\/.*$/, replacement: new URL('src/no-codec.ts', import.meta.url).pathname }],
  },
  build: {
    outDir: '../ctpet/serve/web/static',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    chunkSizeWarningLimit: 2000,
    target: 'es2022',
  },
})
