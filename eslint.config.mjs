export default [
    {
        languageOptions: {ecmaVersion: 2024, sourceType: "module"},
        rules: {
            "no-undef": "off",
            "no-unused-vars": "error",
            "no-var": "error",
            "prefer-const": "error",
            eqeqeq: "error",
        },
    },
];
