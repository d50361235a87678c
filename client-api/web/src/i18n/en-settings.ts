export const enSettings = {"x.other":"x"} as const;
