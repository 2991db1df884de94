module.exports = {
  testMatch: ["<rootDir>/src/**/*.test.ts"],
  transform: { "\\.ts$": ["ts-jest", { tsconfig: { module: "CommonJS" }, diagnostics: false }] },
};
