// Line icons on a grid of 24, drawn in the colour of the text.
const PATHS = {
  archive: "M3 4h18v4H3zM5 8v12h14V8M10 12h4",
  at: "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0v1.5a2.5 2.5 0 0 0 5 0V12a9 9 0 1 0-3.5 7.1",
  back: "M15 5l-7 7 7 7",
  bell: "M6 9a6 6 0 1 1 12 0c0 6 2.5 7 2.5 7h-17S6 15 6 9M10 20a2.2 2.2 0 0 0 4 0",
  bellOff: "M8.6 4.1A6 6 0 0 1 18 9c0 2.6.5 4.3 1 5.400"
    + "M6.2 7.500C6 8 6 8.5 6 9c0 6-2.5 7-2.5 7H16M10 20a2.2 2.2 0 0 0 4 0M3 3l18 18",
  calendar: "M4 6h16v15H4zM4 10h16M8 3v4M16 3v4",
  check: "M5 12.500l4.5 4.500L19 7",
  checks: "M2.5 12.500L7 17l9.5-10M11.5 15.500L13 17l9-10",
  chevronDown: "M6 9l6 6 6-6",
  chevronRight: "M9 6l6 6-6 6",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7.500V12l3 2",
  close: "M6 6l12 12M18 6L6 18",
  compose: "M12 20h8M16.5 3.800a2.1 2.1 0 0 1 3 3L8 18.300l-4 1 1-4z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  device: "M4 5h16v11H4zM2 20h20",
  dots: "M5 12h.01M12 12h.01M19 12h.01",
  down: "M12 4v15M6 13l6 6 6-6",
  edit: "M16.5 3.800a2.1 2.1 0 0 1 3 3L8 18.300l-4 1 1-4z",
  eye: "M2.5 12c4.5-8 14.5-8 19 0-4.5 8-14.5 8-19 0M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
  eyeOff: "M2.5 12c4.5-8 14.5-8 19 0-4.5 8-14.5 8-19 0M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6M4 4l16 16",
  flag: "M5 21V4M5 4c5-2.5 8 2.5 14 0v10c-6 2.5-9-2.5-14 0",
  globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18",
  hash: "M5 9h15M4 15h15M10 4L8 20M16 4l-2 16",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v5.500M12 7.500h.01",
  link: "M10 14a4.5 4.5 0 0 0 6.5 0l3-3A4.6 4.6 0 0 0 13 4.500l-1 1"
    + "M14 10a4.5 4.5 0 0 0-6.5 0l-3 3A4.6 4.6 0 0 0 11 19.500l1-1",
  lock: "M5 11h14v9H5zM8 11V8a4 4 0 0 1 8 0v3",
  logOut: "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
  menu: "M4 6h16M4 12h16M4 18h16",
  message: "M4 5h16v12H9l-5 4z",
  moon: "M20 14.500A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5",
  pin: "M9 4h6l-.7 7 3.7 3v2H6v-2l3.7-3zM12 16v5",
  plus: "M12 5v14M5 12h14",
  reply: "M10 6L4 12l6 6M4 12h9a7 7 0 0 1 7 7",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l5 5",
  send: "M4 4.500L20.5 12 4 19.5 6.5 12zM6.5 12H13",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.700v4.600M9 14.700v4.6",
  shield: "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6z",
  smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8 14c1 2 2.5 2.8 4 2.800s3-.8 4-2.800"
    + "M9 9.500h.01M15 9.500h.01",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.400"
    + "M17.6 17.600L19 19M19 5l-1.4 1.400M6.4 17.600L5 19",
  thread: "M4 5h16v11H9l-5 4zM8 9h8M8 12.500h5",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14M10 11v6M14 11v6",
  unlink: "M10 14a4.5 4.5 0 0 0 6.5 0l3-3A4.6 4.6 0 0 0 13 4.500"
    + "M14 10a4.5 4.5 0 0 0-6.5 0l-3 3A4.6 4.6 0 0 0 11 19.500M3 3l18 18",
  user: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4 21c.5-4.5 4-6.5 8-6.500s7.5 2 8 6.5",
  userPlus: "M10 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M2.5 21c.5-4.5 3.5-6.5 7.5-6.500s7 2 7.5 6.500"
    + "M19 8v6M16 11h6",
  users: "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7"
    + "M2.5 20c.4-4 3-5.5 6.5-5.500s6.1 1.5 6.5 5.500M15.5 5.300a3.5 3.5 0 0 1 0 6.400"
    + "M18 14.800c2 .6 3.2 2.2 3.5 5.2",
  wait: "M7 3h10M7 21h10M8 3c0 5 8 5 8 9s-8 4-8 9M16 3c0 5-8 5-8 9s8 4 8 9",
  warning: "M12 4L2.5 20h19zM12 10v5M12 17.500h.01",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon; without a label it is for the eye alone. */
export function Icon({ name, size = 18, label }: {
  name: IconName; size?: number; label?: string;
}) {
  const spoken = label ? { role: "img" as const, "aria-label": label } : { "aria-hidden": true };
  return (
    <svg class={`icon icon-${name}`} width={size} height={size} viewBox="0 0 24 24" {...spoken}>
      <path d={PATHS[name]} />
    </svg>
  );
}
