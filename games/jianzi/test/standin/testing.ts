export const badNetwork = () => ({ transport: undefined, cut() {}, weak() {}, heal() {} });
export type BadNetwork = ReturnType<typeof badNetwork>;
