/** Of the SVG: two sets of colours, chosen by the reader's screen. Kinds differ in lightness as well as in hue. */
export const styleSheet = `
svg{--paper:#fff;--ink:#1d2733;--dim:#66727f;--line:#b9c3cd;--card:#fff;--lit:#d9480f;
--agent:#3457d5;--tool:#0b7a75;--server:#8a5a00;--schema:#8b3fa8;--package:#495057;--model:#b02a4c;--missing:#c92a2a;color-scheme:light dark;font-family:system-ui,sans-serif}
@media(prefers-color-scheme:dark){svg{--paper:#12181f;--ink:#e6ebf0;--dim:#93a0ad;--line:#3d4956;--card:#1a222b;--lit:#ff922b;
--agent:#8da5ff;--tool:#4fd1c5;--server:#f0b44c;--schema:#d6a2ea;--package:#adb5bd;--model:#f783a5;--missing:#ff8787}}
.paper{fill:var(--paper)}
.title{font-size:20px;font-weight:600;fill:var(--ink)}
.legend{font-size:12px;fill:var(--dim)}
.node rect{fill:color-mix(in srgb,var(--kind) 7%,var(--card));stroke:var(--kind);stroke-width:1.2}
.dot{fill:var(--kind)}
.name{font:500 12px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:var(--ink)}
.badge{font:10px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:var(--dim)}
.agent{--kind:var(--agent)}.tool{--kind:var(--tool)}.server{--kind:var(--server)}.schema{--kind:var(--schema)}
.package{--kind:var(--package)}.model{--kind:var(--model)}.missing{--kind:var(--missing)}
.old rect,.missing rect{stroke-dasharray:4 3}.old .name{text-decoration:line-through}
.centre rect{stroke-width:2.6}.node:hover rect{stroke:var(--lit);stroke-width:2}
.edge{fill:none;stroke:var(--line);stroke-width:1.3}.shape{stroke-dasharray:3 3}
.edge:hover{stroke:var(--lit);stroke-width:2.2}
`
