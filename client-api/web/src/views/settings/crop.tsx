// Cutting a square out of an image: it is dragged and made larger by pointer, wheel or keys.
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../../components/button.js";
import { closeDialog, Dialog } from "../../components/dialog.js";
import { messageOf } from "../../state/toasts.js";
import { t } from "../../i18n/index.js";
import { ts } from "../../i18n/settings.js";

/** The node takes 2,048 by 2,048 pixels and 1 MiB at most, and shows 128 by 128. */
const SIDE_MAX = 1_024;
const BYTES_MAX = 1_048_576;
const QUALITIES = [0.92, 0.8, 0.6];
const VIEW = 280;
const ZOOM_MAX = 4;
const KEY_STEP = 8;

interface View {
  zoom: number;
  /** Where the middle of the square is in the image, in its pixels. */
  x: number;
  y: number;
}

export function CropDialog({ image, onCropped }: {
  image: ImageBitmap; onCropped: (image: Blob) => Promise<void>;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<View>({ zoom: 1, x: image.width / 2, y: image.height / 2 });
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const side = Math.min(image.width, image.height) / view.zoom;
  const change = (next: Partial<View>) => {
    setView((before) => within(image, { ...before, ...next }));
  };
  const move = (dx: number, dy: number) => setView((before) => {
    const scale = Math.min(image.width, image.height) / before.zoom / VIEW;
    return within(image, { ...before, x: before.x - dx * scale, y: before.y - dy * scale });
  });
  useEffect(() => {
    if (canvas.current) draw(canvas.current, image, view, side);
  }, [view]);
  useEffect(() => () => image.close(), []);
  const key = (event: KeyboardEvent) => {
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [KEY_STEP, 0], ArrowRight: [-KEY_STEP, 0],
      ArrowUp: [0, KEY_STEP], ArrowDown: [0, -KEY_STEP],
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    move(...step);
  };
  const save = async () => {
    setBusy(true);
    try {
      await onCropped(await cut(image, view, side));
      closeDialog();
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(false);
    }
  };
  return (
    <Dialog title={ts("crop.title")} onClose={closeDialog} footer={<>
      <Button onClick={closeDialog}>{t("action.cancel")}</Button>
      <Button kind="primary" busy={isBusy} onClick={() => void save()}>{ts("crop.use")}</Button>
    </>}>
      <canvas ref={canvas} class="crop" width={VIEW * 2} height={VIEW * 2} tabIndex={0} role="img"
        aria-label={ts("crop.label")} onKeyDown={key}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => event.buttons && move(event.movementX, event.movementY)}
        onWheel={(event) => {
          event.preventDefault();
          change({ zoom: view.zoom * (event.deltaY < 0 ? 1.08 : 1 / 1.08) });
        }} />
      <label class="crop-zoom">
        <span>{ts("crop.zoom")}</span>
        <input type="range" min="1" max={ZOOM_MAX} step="0.02" value={view.zoom}
          onInput={(event) => change({ zoom: Number(event.currentTarget.value) })} />
      </label>
      <p class={error ? "hint error" : "hint"} role={error ? "alert" : undefined}>
        {error ?? ts("crop.hint")}</p>
    </Dialog>
  );
}

/** The square never leaves the image. */
function within(image: ImageBitmap, { zoom, x, y }: View): View {
  const kept = Math.max(1, Math.min(ZOOM_MAX, zoom));
  const half = Math.min(image.width, image.height) / kept / 2;
  return {
    zoom: kept,
    x: Math.max(half, Math.min(image.width - half, x)),
    y: Math.max(half, Math.min(image.height - half, y)),
  };
}

function draw(canvas: HTMLCanvasElement, image: ImageBitmap, { x, y }: View, side: number): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  context.imageSmoothingQuality = "high";
  // What shows through is white at the node, too.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(
    image, x - side / 2, y - side / 2, side, side, 0, 0, canvas.width, canvas.height,
  );
}

/** The square as a JPEG image that the node takes. */
async function cut(image: ImageBitmap, view: View, side: number): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.max(1, Math.min(SIDE_MAX, Math.round(side)));
  draw(canvas, image, view, side);
  for (const quality of QUALITIES) {
    const made = await new Promise<Blob | null>((resolve) => {
      canvas.toBlob(resolve, "image/jpeg", quality);
    });
    if (made && made.size <= BYTES_MAX) return made;
  }
  throw new Error(ts("profile.noImage"));
}
