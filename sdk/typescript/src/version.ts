/** The same as in package.json; the build compares. */
export const VERSION = "0.1.0";
