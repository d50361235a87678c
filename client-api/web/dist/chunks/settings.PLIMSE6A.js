import{D as g,q as t,y as e}from"./chunk.GKHIBJNK.js";function r(i){return e(g,{title:t("settings.title"),children:null})}export{r as SettingsPage};
