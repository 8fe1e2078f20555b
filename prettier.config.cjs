// XML as OCA formats it; JavaScript as Odoo does.
module.exports = {
    bracketSpacing: false,
    printWidth: 88,
    proseWrap: "preserve",
    semi: true,
    trailingComma: "es5",
    xmlQuoteAttributes: "double",
    xmlWhitespaceSensitivity: "ignore",
    // Found where pre-commit installed it, not beside this file.
    plugins: [require.resolve("@prettier/plugin-xml")],
    overrides: [{files: ["*.xml", "*.js", "*.cjs", "*.mjs"], options: {tabWidth: 4}}],
};
